import { type Migrations, migrateDatabase } from "@countinghouse/service-kit";
import { type Kysely, sql } from "kysely";
import { READ_MIGRATIONS } from "./migrations/index.ts";
import { READ_SCHEMA } from "./tables.ts";

/** Brings the database of read tables up to date, as its owner role. */
export function migrate(databaseUrl: string): Promise<void> {
  return migrateDatabase(databaseUrl, migrationsOf(READ_SCHEMA));
}

function migrationsOf(schema: string): Migrations {
  const pairs = Object.entries(READ_MIGRATIONS).map(([name, statements], i) => {
    const first = i === 0 ? [`CREATE SCHEMA ${schema}`] : [];
    const all = [...first, ...statements(schema)];
    const up = async (db: Kysely<unknown>) => {
      for (const statement of all) await sql.raw(statement).execute(db);
    };
    return [name, { up }];
  });
  return Object.fromEntries(pairs);
}

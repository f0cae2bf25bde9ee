import { Kysely, PostgresDialect } from "kysely";
import { type Migration, Migrator } from "kysely/migration";
import pg from "pg";
import * as identity from "./migrations/0001-identity.ts";

const MIGRATIONS: Readonly<Record<string, Migration>> = { "0001-identity": identity };

/** Brings the database of auth up to date, as its owner role. Does nothing when it is. */
export async function migrate(databaseUrl: string): Promise<void> {
  const pool = new pg.Pool({ connectionString: databaseUrl, max: 1 });
  const db = new Kysely<unknown>({ dialect: new PostgresDialect({ pool }) });
  try {
    const provider = { getMigrations: async () => MIGRATIONS };
    const migrator = new Migrator({ db, provider, migrationTableSchema: "migrations" });
    const { error } = await migrator.migrateToLatest();
    if (error !== undefined) throw error;
  } finally {
    await db.destroy();
  }
}

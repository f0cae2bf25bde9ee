import { Kysely, PostgresDialect } from "kysely";
import { type Migration, Migrator } from "kysely/migration";
import pg from "pg";
import * as log from "./migrations/0001-log.ts";
import * as relay from "./migrations/0002-relay.ts";

const MIGRATIONS: Readonly<Record<string, Migration>> = { "0001-log": log, "0002-relay": relay };

/** Brings the database of the log up to date, as its owner role. Does nothing when it is. */
export async function migrateLedger(databaseUrl: string): Promise<void> {
  const pool = new pg.Pool({ connectionString: databaseUrl, max: 1 });
  const db = new Kysely<unknown>({ dialect: new PostgresDialect({ pool }) });
  try {
    const provider = { getMigrations: async () => MIGRATIONS };
    const { error } = await new Migrator({
      db,
      provider,
      migrationTableSchema: "migrations",
    }).migrateToLatest();
    if (error !== undefined) throw error;
  } finally {
    await db.destroy();
  }
}

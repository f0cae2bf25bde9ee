import { Kysely, PostgresDialect } from "kysely";
import { type Migration, Migrator } from "kysely/migration";
import pg from "pg";

export type Migrations = Readonly<Record<string, Migration>>;

/**
 * Brings a database up to date as the role of the URL, its owner; does nothing when it is.
 * Migrations run in the order of their names, all in one transaction; their record is in a schema
 * of its own.
 */
export async function migrateDatabase(databaseUrl: string, migrations: Migrations): Promise<void> {
  const pool = new pg.Pool({ connectionString: databaseUrl, max: 1 });
  const db = new Kysely<unknown>({ dialect: new PostgresDialect({ pool }) });
  try {
    const provider = { getMigrations: async () => migrations };
    const migrator = new Migrator({ db, provider, migrationTableSchema: "migrations" });
    const { error } = await migrator.migrateToLatest();
    if (error !== undefined) throw error;
  } finally {
    await db.destroy();
  }
}

import { migrateLedger } from "@countinghouse/event-store";
import pg from "pg";
import { CliError } from "./cli-error.ts";
import {
  DATABASES,
  type DatabaseName,
  type DatabaseServer,
  databaseName,
  urlFor,
} from "./databases.ts";
import { migrationOf } from "./services.ts";

type Migrate = (databaseUrl: string) => Promise<void>;

/** Brings all databases up to date, each as its owner. Throws a CliError. */
export async function migrateAll(server: DatabaseServer): Promise<void> {
  const migrations: Readonly<Record<DatabaseName, Migrate>> = {
    auth: await migrationOf("auth"),
    ledger: migrateLedger,
    query: await migrationOf("query"),
    audit: await migrationOf("audit"),
  };
  const names = Object.keys(DATABASES) as DatabaseName[];
  await Promise.all(
    names.map(async (name) => {
      const url = urlFor(server, DATABASES[name].owner, name);
      try {
        await closePublicSchema(url);
        await migrations[name](url);
      } catch (cause) {
        const { message } = cause as Error;
        const database = databaseName(server, name);
        throw new CliError(`${database} could not be brought up to date: ${message}`, { cause });
      }
    }),
  );
}

/** Nobody but the owner makes anything in the schema that everybody has on their path. */
async function closePublicSchema(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query("REVOKE ALL ON SCHEMA public FROM PUBLIC");
  } finally {
    await client.end();
  }
}

import { migrateDatabase } from "@countinghouse/service-kit";
import * as readTables from "./migrations/0001-read-tables.ts";

/** Brings the database of read tables up to date, as its owner role. */
export function migrate(databaseUrl: string): Promise<void> {
  return migrateDatabase(databaseUrl, { "0001-read-tables": readTables });
}

import { readTables } from "./0001-read-tables.ts";
import { banking } from "./0002-banking.ts";
import { proposals } from "./0003-proposals.ts";
import type { ReadMigration } from "./read-migration.ts";

/** What made the read tables what they are, in order. What was released stays as it is. */
export const READ_MIGRATIONS: Readonly<Record<string, ReadMigration>> = {
  "0001-read-tables": readTables,
  "0002-banking": banking,
  "0003-proposals": proposals,
};

/** The statements that make the read tables as they are now, in a new schema. */
export function statementsFor(schema: string): string[] {
  const steps = Object.values(READ_MIGRATIONS).flatMap((migration) => migration(schema));
  return [`CREATE SCHEMA ${schema}`, ...steps];
}

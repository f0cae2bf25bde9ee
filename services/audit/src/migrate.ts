import { migrateDatabase } from "@countinghouse/service-kit";
import * as tree from "./migrations/0001-tree.ts";
import * as givenOut from "./migrations/0002-given-out.ts";

/** Brings the database of the audit up to date, as its owner role. */
export function migrate(databaseUrl: string): Promise<void> {
  return migrateDatabase(databaseUrl, { "0001-tree": tree, "0002-given-out": givenOut });
}

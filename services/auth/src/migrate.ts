import { migrateDatabase } from "@countinghouse/service-kit";
import * as identity from "./migrations/0001-identity.ts";
import * as secondFactor from "./migrations/0002-second-factor.ts";
import * as guesses from "./migrations/0003-guesses.ts";
import * as tokenKeys from "./migrations/0004-token-keys.ts";

/** Brings the database of auth up to date, as its owner role. */
export function migrate(databaseUrl: string): Promise<void> {
  return migrateDatabase(databaseUrl, {
    "0001-identity": identity,
    "0002-second-factor": secondFactor,
    "0003-guesses": guesses,
    "0004-token-keys": tokenKeys,
  });
}

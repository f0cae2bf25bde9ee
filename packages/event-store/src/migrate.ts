import { migrateDatabase } from "@countinghouse/service-kit";
import * as log from "./migrations/0001-log.ts";
import * as relay from "./migrations/0002-relay.ts";
import * as appendPlans from "./migrations/0003-append-plans.ts";
import * as keysInFlight from "./migrations/0004-keys-in-flight.ts";
import * as origins from "./migrations/0005-origins.ts";
import * as schedules from "./migrations/0006-schedules.ts";
import * as proposals from "./migrations/0007-proposals.ts";
import * as savings from "./migrations/0008-savings.ts";
import * as history from "./migrations/0009-history.ts";
import * as workers from "./migrations/0010-workers.ts";

/** Brings the database of the log up to date, as its owner role. */
export function migrateLedger(databaseUrl: string): Promise<void> {
  return migrateDatabase(databaseUrl, {
    "0001-log": log,
    "0002-relay": relay,
    "0003-append-plans": appendPlans,
    "0004-keys-in-flight": keysInFlight,
    "0005-origins": origins,
    "0006-schedules": schedules,
    "0007-proposals": proposals,
    "0008-savings": savings,
    "0009-history": history,
    "0010-workers": workers,
  });
}

import type { EventStore } from "@countinghouse/event-store";
import type { Executor } from "../executor.ts";
import type { Ledgers } from "../ledgers.ts";

/** What the routes of commands need. */
export interface RouteDeps extends Executor {
  readonly ledgers: Ledgers;
  readonly store: EventStore;
  /** Whether there is such a user. Throws a 503 when nobody can tell. */
  readonly userExists: (userId: string) => Promise<boolean>;
  readonly newAccountId: (ledger: number) => string;
  readonly newTransferId: (ledger: number) => string;
}

import type { OtpOutcome, When } from "@countinghouse/domain";
import type { EventStore } from "@countinghouse/event-store";
import type { Executor } from "../executor.ts";
import type { Ledgers } from "../ledgers.ts";

/** What the routes of commands need. */
export interface RouteDeps extends Executor {
  readonly ledgers: Ledgers;
  readonly store: EventStore;
  /** Whether there is such a user. Throws a 503 when nobody can tell. */
  readonly userExists: (userId: string) => Promise<boolean>;
  /** What becomes of a code of a user's second factor. Throws a 503 when nobody can tell. */
  readonly useOtp: (userId: string, otp: string | undefined) => Promise<OtpOutcome>;
  /** An id of a thing that lives in this ledger. */
  readonly newId: (ledger: number) => string;
  /** What is now. */
  readonly when: () => When;
}

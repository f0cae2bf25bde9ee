import type { ColumnType } from "kysely";

/** One row an account: what it is now. */
export interface AccountsTable {
  readonly account_id: string;
  readonly owner_id: string;
  readonly ledger: number;
  readonly type: string;
  readonly name: string | null;
  readonly currency: string;
  readonly status: string;
  readonly balance_minor: string;
  /** By what the log says: a hold that is over may be in it until the log says so. */
  readonly held_minor: string;
  /** The limits in force as JSON, null for none; `overdraft_minor` is one of them. */
  readonly limits: string | null;
  readonly overdraft_minor: string;
  /** The last day in which outgoing money counted, and the sums of that day and of its month. */
  readonly used_day: string | null;
  readonly used_today_minor: string;
  readonly used_month_minor: string;
  /** The version of the last event applied; the next one is one more. */
  readonly version: number;
  /** Where in the log the last event applied stands. */
  readonly position: string;
  readonly opened_at: ColumnType<Date, string, string>;
  readonly updated_at: ColumnType<Date, string, string>;
}

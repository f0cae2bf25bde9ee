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
  /** The version of the last event applied; the next one is one more. */
  readonly version: number;
  /** Where in the log the last event applied stands. */
  readonly position: string;
  readonly opened_at: ColumnType<Date, string, string>;
  readonly updated_at: ColumnType<Date, string, string>;
}

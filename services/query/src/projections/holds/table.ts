import type { ColumnType } from "kysely";

/** One row a hold: what it was and what became of it. */
export interface HoldsTable {
  readonly hold_id: string;
  readonly account_id: string;
  readonly owner_id: string;
  readonly currency: string;
  readonly amount_minor: string;
  readonly captured_minor: string;
  /** By what the log says: an active one whose time is over is over. */
  readonly status: string;
  /** The bank's day in which it counts against limits. */
  readonly placed_on: string;
  readonly expires_at: ColumnType<Date | null, string | null, string | null>;
  readonly card_id: string | null;
  readonly reference: string | null;
}

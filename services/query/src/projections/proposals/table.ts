import type { ColumnType } from "kysely";

/** One row a proposal, open or decided. */
export interface ProposalsTable {
  readonly proposal_id: string;
  readonly account_id: string;
  /** What it is of: `limits` or `adjustment`. */
  readonly kind: string;
  /** JSON, as the event has it. */
  readonly details: string;
  readonly status: string;
  readonly proposed_by: string;
  readonly proposed_at: ColumnType<Date, string, string>;
  readonly decided_by: string | null;
  readonly decided_at: ColumnType<Date | null, string | null, string | null>;
}

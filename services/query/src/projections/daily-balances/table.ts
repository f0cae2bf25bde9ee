/** One row an account and day (UTC) with a posting, and one for the day of opening. */
export interface DailyBalancesTable {
  readonly account_id: string;
  readonly day: string;
  readonly owner_id: string;
  readonly closing_minor: string;
}

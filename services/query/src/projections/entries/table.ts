/** One row a posting, with the balance after it. */
export interface EntriesTable {
  readonly account_id: string;
  readonly version: number;
  readonly owner_id: string;
  readonly transaction_id: string;
  readonly type: string;
  readonly direction: string;
  readonly amount_minor: string;
  readonly balance_after_minor: string;
  readonly counterparty_account_id: string | null;
  readonly transfer_id: string | null;
  readonly reference: string | null;
  readonly recorded_at: Date;
}

/** One balanced entry a posting. */
export interface JournalTable {
  readonly ledger: number;
  readonly position: string;
  readonly recorded_at: Date;
  readonly currency: string;
  readonly debit_account: string;
  readonly credit_account: string;
  readonly amount_minor: string;
}

/** The journal of a day (UTC), summed by account of the general ledger and currency. */
export interface GlDailyTable {
  readonly day: string;
  readonly gl_account: string;
  readonly currency: string;
  readonly debits_minor: string;
  readonly credits_minor: string;
}

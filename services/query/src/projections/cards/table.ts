/** One row a card; of its number there are the last four digits. */
export interface CardsTable {
  readonly card_id: string;
  readonly account_id: string;
  readonly owner_id: string;
  readonly last4: string;
  readonly brand: string;
  readonly expiry: string;
  readonly status: string;
  /** Of the account, after the card's last change. */
  readonly version: number;
}

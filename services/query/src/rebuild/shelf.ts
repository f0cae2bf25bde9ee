import type pg from "pg";
import type { AccountState } from "../projector/account-state.ts";
import { type AccountsRow, stateOf } from "../projector/store.ts";

/**
 * The accounts as the events so far make them: in memory while they fit, else in the table that is
 * being filled, from which they are fetched when they are needed again.
 */
export class Shelf {
  readonly #client: pg.ClientBase;
  readonly #schema: string;
  readonly #states = new Map<string, AccountState>();
  #isAllHere = true;

  constructor(client: pg.ClientBase, schema: string) {
    this.#client = client;
    this.#schema = schema;
  }

  get size(): number {
    return this.#states.size;
  }

  get(accountId: string): AccountState | undefined {
    return this.#states.get(accountId);
  }

  set(accountId: string, state: AccountState): void {
    this.#states.set(accountId, state);
  }

  /** What is here has been written to the table. */
  clear(): void {
    this.#states.clear();
    this.#isAllHere = false;
  }

  /** Sees to it that accounts which are anywhere are here. */
  async fetch(accountIds: readonly string[]): Promise<void> {
    if (this.#isAllHere) return;
    const missing = [...new Set(accountIds)].filter((id) => !this.#states.has(id));
    if (missing.length === 0) return;
    const { rows } = await this.#client.query<AccountsRow>(
      `SELECT * FROM ${this.#schema}.accounts WHERE account_id = ANY($1::uuid[])`,
      [missing],
    );
    for (const row of rows) this.#states.set(row.account_id, stateOf(row));
  }
}

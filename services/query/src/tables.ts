import type { Generated, Kysely, Transaction } from "kysely";
import type { AccountsTable } from "./projections/accounts/table.ts";
import type { CardsTable } from "./projections/cards/table.ts";
import type { DailyBalancesTable } from "./projections/daily-balances/table.ts";
import type { EntriesTable } from "./projections/entries/table.ts";
import type { GlDailyTable, JournalTable } from "./projections/general-ledger/table.ts";
import type { HoldsTable } from "./projections/holds/table.ts";
import type { ProposalsTable } from "./projections/proposals/table.ts";

/** How far a source of events is applied. */
interface CursorsTable {
  readonly source: string;
  readonly position: string;
  readonly recorded_at: Date | null;
}

/** Accounts whose next event cannot be applied. */
interface ParkedAccountsTable {
  readonly account_id: string;
  readonly ledger: number;
  /** Of the event that cannot be applied. */
  readonly version: number;
  readonly event_id: string;
  readonly reason: string;
  readonly parked_at: Generated<Date>;
}

/** The database of this service. */
export interface Tables {
  readonly accounts: AccountsTable;
  readonly entries: EntriesTable;
  readonly daily_balances: DailyBalancesTable;
  readonly journal: JournalTable;
  readonly gl_daily: GlDailyTable;
  readonly holds: HoldsTable;
  readonly proposals: ProposalsTable;
  readonly cards: CardsTable;
  readonly cursors: CursorsTable;
  readonly parked_accounts: ParkedAccountsTable;
}

export type Database = Kysely<Tables>;
export type Tx = Transaction<Tables>;

/** The schema that the tables of `Tables` are in. */
export const READ_SCHEMA = "read";

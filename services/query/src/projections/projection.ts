import type { AppliedEvent } from "../projector/account-state.ts";
import type { Tables, Tx } from "../tables.ts";
import type { ColumnTypes } from "../unnest.ts";

/** One read model: how its tables follow the events. */
export interface Projection {
  readonly name: string;
  /** Its tables, each with the columns that tell its rows apart. */
  readonly tables: readonly { readonly name: keyof Tables; readonly key: readonly string[] }[];
  /**
   * Brings the tables up to date with events that were applied to no table before, in the order of
   * each account; a few statements, however many events.
   */
  apply(tx: Tx, events: readonly AppliedEvent[]): Promise<void>;
  /** Begins to gather the rows of empty tables, from the first event of the log on. */
  gather(): Gathering;
}

/** The rows that a log comes to, gathered in the order of each account. */
export interface Gathering {
  take(events: readonly AppliedEvent[]): void;
  /** Rows that no later event changes; they are let go of. */
  appended(): RowsOfTable[];
  /** Rows that a later event may change, as they are now; most are let go of. */
  changing(): RowsOfTable[];
  /** How many rows `changing` would let go of. */
  readonly held: number;
}

/** Rows of one table, with the types of their columns. */
export interface RowsOfTable {
  readonly table: keyof Tables;
  readonly types: ColumnTypes<Record<string, unknown>>;
  /** With a member for every column. */
  readonly rows: readonly object[];
  /** What tells a row from the others, where a row may come again. */
  readonly key: readonly string[];
}

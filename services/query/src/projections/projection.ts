import type { AppliedEvent } from "../projector/account-state.ts";
import type { Tx } from "../tables.ts";

/** One read model: how its tables follow the events. */
export interface Projection {
  readonly name: string;
  /**
   * Brings the tables up to date with events that were applied to no table before, in the order of
   * each account; a few statements, however many events.
   */
  apply(tx: Tx, events: readonly AppliedEvent[]): Promise<void>;
}

import { ledgerOf } from "@countinghouse/domain";
import type { EventStore } from "@countinghouse/event-store";
import type { Category } from "./aggregates.ts";
import type { Read } from "./command.ts";

/** Which ledgers there are; a ledger once seen stays. */
export interface Ledgers {
  exists(ledger: number): Promise<boolean>;
  /** Where the stream of an id lives; undefined when the id names no ledger of this bank. */
  find(category: Category, id: string): Promise<Read | undefined>;
}

export function createLedgers(store: EventStore): Ledgers {
  const known = new Set<number>();
  const exists = async (ledger: number) => {
    if (known.has(ledger)) return true;
    const isThere = await store.ledgerExists(ledger);
    if (isThere) known.add(ledger);
    return isThere;
  };
  return {
    exists,
    async find(category, id) {
      const ledger = ledgerOf(id);
      if (ledger === undefined || !(await exists(ledger))) return undefined;
      return { category, ledger, streamId: id };
    },
  };
}

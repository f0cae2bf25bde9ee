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
  const asked = new Map<number, Promise<boolean>>();
  // Many who ask at once, as after a start, share one question; only a yes is remembered.
  const exists = (ledger: number) => {
    let answer = asked.get(ledger);
    if (answer === undefined) {
      answer = store.ledgerExists(ledger);
      asked.set(ledger, answer);
      const forget = () => void asked.delete(ledger);
      answer.then((isThere) => isThere || forget(), forget);
    }
    return answer;
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

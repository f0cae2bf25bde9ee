import { StoreFullError } from "../errors.ts";
import type { AccountProgress, Progress, SubscriberStore } from "./store.ts";

/** About 200 MB of them. */
const ACCOUNTS_MAX = 1_000_000;

type Work<T> = (tx: undefined, progress: Progress) => Promise<T>;

/**
 * A store for tests and for what may begin anew with every start: when the process ends, everything
 * comes again from the first event. Throws a StoreFullError beyond `accountsMax` accounts.
 */
export function memoryStore(accountsMax = ACCOUNTS_MAX): SubscriberStore<undefined> {
  const accounts = new Map<string, AccountProgress>();
  const positions = new Map<string, bigint>();
  let last: Promise<unknown> = Promise.resolve();

  async function transact<T>(work: Work<T>): Promise<T> {
    const [changed, moved] = [new Map<string, AccountProgress>(), new Map<string, bigint>()];
    const progress: Progress = {
      async read(ids) {
        return new Map(
          ids.flatMap((id) => {
            const found = changed.get(id) ?? accounts.get(id);
            return found === undefined ? [] : [[id, found]];
          }),
        );
      },
      async write(changes) {
        for (const [id, account] of changes) changed.set(id, account);
      },
      async moveTo(source, next) {
        moved.set(source, next);
      },
    };
    const result = await work(undefined, progress);
    const added = [...changed.keys()].filter((id) => !accounts.has(id)).length;
    if (accounts.size + added > accountsMax) {
      throw new StoreFullError(`more than ${accountsMax} accounts`);
    }
    for (const [id, account] of changed) accounts.set(id, account);
    for (const [source, next] of moved) {
      if (next > (positions.get(source) ?? 0n)) positions.set(source, next);
    }
    return result;
  }

  return {
    position: async (source) => positions.get(source) ?? 0n,
    /** One after another. */
    transaction(work) {
      const done = last.then(() => transact(work));
      last = done.catch(() => undefined);
      return done;
    },
    async stopped(limit) {
      const found = [...accounts.values()].flatMap(({ stopped }) => stopped ?? []);
      return found.sort((a, b) => (a.accountId < b.accountId ? -1 : 1)).slice(0, limit);
    },
  };
}

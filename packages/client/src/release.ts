import type { Applier } from "./apply.ts";
import { NoLogError, NotMendedError } from "./errors.ts";
import type { EventSource } from "./sources/source.ts";
import type { AccountProgress, SubscriberStore } from "./stores/store.ts";

/** Reads of the log for one release; all but the last bring up to 1,000 events. */
const ROUNDS_MAX = 10_000;

export interface ReleaseDeps<Tx> {
  readonly from: EventSource;
  readonly store: SubscriberStore<Tx>;
  readonly applier: Applier;
}

/**
 * Lets a stopped account go on: reads on after its last event until the log has no more. What came
 * by meanwhile is either in what is read or comes again as a gap, which the next round mends.
 * Gives false when the account stops again.
 */
export async function release<Tx>(
  { from, store, applier }: ReleaseDeps<Tx>,
  accountId: string,
  signal: AbortSignal,
): Promise<boolean> {
  if (from.readAccount === undefined) throw new NoLogError("the source has no log over HTTP");
  for (let round = 0; round < ROUNDS_MAX; round += 1) {
    const account = await progressOf(store, accountId);
    if (account === undefined) return true;
    if (round === 0 && account.stopped === undefined) return true;
    const query = { accountId, ledger: account.ledger, after: account.position };
    const events = await from.readAccount(query, signal);
    if (events.length === 0 && round > 0) return true;
    if (!(await applier.resume(accountId, events))) return false;
  }
  throw new NotMendedError(`${ROUNDS_MAX} reads did not bring account ${accountId} up to date`);
}

function progressOf<Tx>(
  store: SubscriberStore<Tx>,
  accountId: string,
): Promise<AccountProgress | undefined> {
  return store.transaction(async (_, progress) => {
    return (await progress.read([accountId])).get(accountId);
  });
}

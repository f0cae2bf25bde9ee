import type { LogEvent } from "../events/account-event.ts";
import { concernsAccounts } from "../events/decode.ts";
import { logSourceOf } from "../log-source.ts";
import { createPositionStore } from "../projector/store.ts";
import type { Database } from "../tables.ts";
import type { LogPages } from "./log-pages.ts";
import type { Followed } from "./session.ts";

const PAGE_EVENTS = 1_000;
/** So many events fewer than this are left that somebody may wait for them. */
const NEAR_EVENTS = 2_000;
/** Rounds after which a log that grows as fast as it is applied is left to grow. */
const ROUNDS_MAX = 20;

/** Brings read tables up to what the log has, but for what comes in the moment that takes. */
export async function catchUp(log: LogPages, tables: Followed): Promise<void> {
  for (let round = 1; round <= ROUNDS_MAX; round += 1) {
    if ((await catchUpOnce(log, tables)) < NEAR_EVENTS) return;
  }
}

/** Brings read tables up to all that the log has now. Gives how many events that were. */
export async function catchUpOnce(log: LogPages, tables: Followed): Promise<number> {
  let events = 0;
  for await (const { source, page } of pagesAhead(log, tables.db)) {
    const next = BigInt(page.at(-1)?.position ?? 0);
    await tables.projector.apply({ source, events: page, unreadable: [], next });
    events += page.length;
  }
  return events;
}

/**
 * Brings read tables exactly to where others are that nobody writes to: of the events that the log
 * has beyond, those which the others have as well.
 */
export async function alignWith(
  log: LogPages,
  tables: Followed,
  versionsOf: (accountIds: string[]) => Promise<ReadonlyMap<string, number>>,
): Promise<void> {
  for await (const { page } of pagesAhead(log, tables.db)) {
    const events = page.filter(concernsAccounts);
    const versions = await versionsOf([...new Set(events.map(({ streamId }) => streamId))]);
    const isThere = ({ streamId, version }: LogEvent) => version <= (versions.get(streamId) ?? 0);
    await tables.projector.applyInPlace(events.filter(isThere));
  }
}

/** What each ledger has beyond the cursor of the tables, page by page, up to where it ends now. */
async function* pagesAhead(log: LogPages, db: Database) {
  for (const { ledger, position: upTo } of await log.heads()) {
    const source = logSourceOf(ledger);
    let after = Number(await createPositionStore(db).position(source));
    while (after < upTo) {
      const page = await log.page({ ledger, after, upTo, limit: PAGE_EVENTS });
      if (page.length === 0) break;
      after = page.at(-1)?.position ?? upTo;
      yield { source, page };
    }
  }
}

import type { LogEvent } from "../events/account-event.ts";
import { READ_SCHEMA } from "../tables.ts";
import { type RebuildDeps, withTables } from "./session.ts";

/** Accounts that one list shows. */
const LIST_MAX = 1_000;

/** An account whose next event cannot be applied. */
export interface ParkedAccount {
  readonly accountId: string;
  readonly ledger: number;
  /** Of the event that cannot be applied. */
  readonly version: number;
  readonly eventId: string;
  readonly reason: string;
  readonly parkedAt: Date;
}

export interface ParkedInDetail extends ParkedAccount {
  /** The version that the read tables have of the account, 0 for none. */
  readonly appliedVersion: number;
  /** What the log has after that, from the event that cannot be applied on; the first of it. */
  readonly waiting: readonly LogEvent[];
}

/** The accounts that are parked, the longest first. */
export function listParked(deps: RebuildDeps): Promise<ParkedAccount[]> {
  return withTables(deps, READ_SCHEMA, async ({ db }) => {
    const query = db.selectFrom("parked_accounts").selectAll();
    const rows = await query.orderBy("parked_at").limit(LIST_MAX).execute();
    return rows.map((row) => ({
      accountId: row.account_id,
      ledger: row.ledger,
      version: row.version,
      eventId: row.event_id,
      reason: row.reason,
      parkedAt: row.parked_at,
    }));
  });
}

/** One parked account and what waits behind it; undefined when it is not parked. */
export async function inspectParked(
  deps: RebuildDeps,
  accountId: string,
): Promise<ParkedInDetail | undefined> {
  const parked = (await listParked(deps)).find((one) => one.accountId === accountId);
  if (parked === undefined) return undefined;
  return withTables(deps, READ_SCHEMA, async ({ db }) => {
    const account = await db
      .selectFrom("accounts")
      .select(["version", "position"])
      .where("account_id", "=", accountId)
      .executeTakeFirst();
    const after = Number(account?.position ?? 0);
    const waiting = await deps.log.readStream(parked.ledger, accountId, after);
    return { ...parked, appliedVersion: account?.version ?? 0, waiting };
  });
}

/**
 * Tries all parked accounts again, or one of them; gives how many go on. The next process to start
 * does the same.
 */
export function releaseParked(deps: RebuildDeps, accountId?: string): Promise<number> {
  return withTables(deps, READ_SCHEMA, ({ projector }) => projector.releaseParked(accountId));
}

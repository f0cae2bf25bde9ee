import type { EventBatch, PositionStore } from "@countinghouse/bus";
import { type Selectable, sql } from "kysely";
import { APPLIED_CHANNEL, encodeApplied } from "../announcements/payload.ts";
import type { AccountsTable } from "../projections/accounts/table.ts";
import { projections } from "../projections/index.ts";
import type { Database, Tx } from "../tables.ts";
import { unnest } from "../unnest.ts";
import type { AccountState, AppliedEvent } from "./account-state.ts";
import type { Parking, Plan } from "./plan.ts";

/** Where a source of events (a ledger over HTTP, a partition of a topic) goes on after a batch. */
export type SourcePosition = Pick<EventBatch, "source" | "next">;

/**
 * Locks the cursors of sources until the transaction ends, so that processes that follow the same
 * source apply it one after the other. Gives where they stand.
 */
export async function lockCursors(
  tx: Tx,
  sources: readonly string[],
): Promise<ReadonlyMap<string, bigint>> {
  const sorted = [...new Set(sources)].sort();
  await tx
    .insertInto("cursors")
    .values(sorted.map((source) => ({ source, position: "0", recorded_at: null })))
    .onConflict((conflict) => conflict.doNothing())
    .execute();
  const rows = await tx
    .selectFrom("cursors")
    .select(["source", "position"])
    .where("source", "=", sql<string>`any(${sorted}::text[])`)
    .orderBy("source")
    .forUpdate()
    .execute();
  return new Map(rows.map(({ source, position }) => [source, BigInt(position)]));
}

/**
 * Waits while somebody holds all cursors, as lockCursors does: then nobody writes to the tables.
 * For writers that move none.
 */
export async function enter(tx: Tx): Promise<void> {
  // Changes no row: it is the lock of the table that counts.
  await tx.updateTable("cursors").set({ position: "0" }).where("source", "=", "").execute();
}

/** Where a source goes on after events, and when the last of them was recorded. */
export interface Move extends SourcePosition {
  readonly recordedAt: string | undefined;
}

/** Moves locked cursors on, never back: another process may have gone further meanwhile. */
export async function moveCursors(tx: Tx, moves: readonly Move[]): Promise<void> {
  // Of two moves of a source the farther one: an update takes any of them.
  const farthest = new Map<string, Move>();
  for (const move of moves) {
    const known = farthest.get(move.source);
    if (known === undefined || known.next < move.next) farthest.set(move.source, move);
  }
  const rows = [...farthest.values()].map(({ source, next, recordedAt }) => {
    return { source, position: String(next), recorded_at: recordedAt ?? null };
  });
  const types = { source: "text", position: "bigint", recorded_at: "timestamptz" } as const;
  await tx
    .updateTable("cursors")
    .from(unnest(rows, types).as("n"))
    .set((eb) => ({
      position: eb.ref("n.position"),
      recorded_at: sql<Date | null>`coalesce(n.recorded_at::timestamptz, cursors.recorded_at)`,
    }))
    .whereRef("cursors.source", "=", "n.source")
    .whereRef("cursors.position", "<", "n.position")
    .execute();
}

/** How far each source is applied, for whoever subscribes to it. */
export function createPositionStore(db: Database): PositionStore {
  return {
    async position(source) {
      const row = await db
        .selectFrom("cursors")
        .select("position")
        .where("source", "=", source)
        .executeTakeFirst();
      return BigInt(row?.position ?? 0);
    },
  };
}

/** The accounts of these ids that exist, locked until the transaction ends. */
export async function lockAccounts(
  tx: Tx,
  ids: readonly string[],
): Promise<Map<string, AccountState>> {
  const rows = await tx
    .selectFrom("accounts")
    .selectAll()
    .where("account_id", "=", sql<string>`any(${ids}::uuid[])`)
    .orderBy("account_id")
    .forUpdate()
    .execute();
  return new Map(rows.map((row) => [row.account_id, stateOf(row)]));
}

export type AccountsRow = Selectable<AccountsTable>;

export function stateOf(row: AccountsRow): AccountState {
  return {
    accountId: row.account_id,
    ownerId: row.owner_id,
    ledger: row.ledger,
    type: row.type,
    name: row.name,
    currency: row.currency,
    status: row.status,
    balanceMinor: BigInt(row.balance_minor),
    heldMinor: BigInt(row.held_minor),
    limits: row.limits,
    overdraftMinor: BigInt(row.overdraft_minor),
    usedDay: row.used_day,
    usedTodayMinor: BigInt(row.used_today_minor),
    usedMonthMinor: BigInt(row.used_month_minor),
    version: row.version,
    position: Number(row.position),
    openedAt: row.opened_at.toISOString(),
    updatedAt: row.updated_at.toISOString(),
  };
}

export async function findParked(tx: Tx, ids: readonly string[]): Promise<Set<string>> {
  const rows = await tx
    .selectFrom("parked_accounts")
    .select("account_id")
    .where("account_id", "=", sql<string>`any(${ids}::uuid[])`)
    .execute();
  return new Set(rows.map((row) => row.account_id));
}

/** Writes what a plan comes to into every projection. */
export async function writePlan(tx: Tx, { applied, parked }: Plan): Promise<void> {
  if (applied.length > 0) {
    for (const projection of projections) await projection.apply(tx, applied);
  }
  await park(tx, parked);
}

/** The versions that accounts have after events. */
export function reachedBy(applied: readonly AppliedEvent[]): Map<string, number> {
  return new Map(applied.map(({ accountId, version }) => [accountId, version]));
}

/** Tells every process of this service; heard when the transaction has ended well, not before. */
export async function announce(tx: Tx, versions: ReadonlyMap<string, number>): Promise<void> {
  if (versions.size === 0) return;
  const texts = encodeApplied(versions);
  const all = sql`unnest(${texts}::text[]) as one`;
  await sql`select pg_notify(${APPLIED_CHANNEL}, one) from ${all}`.execute(tx);
}

export async function park(tx: Tx, parked: readonly Parking[]): Promise<void> {
  if (parked.length === 0) return;
  const rows = parked.map(({ place, reason }) => ({
    account_id: place.accountId,
    ledger: place.ledger,
    version: place.version,
    event_id: place.eventId,
    reason,
  }));
  const source = unnest(rows, {
    account_id: "uuid",
    ledger: "int",
    version: "int",
    event_id: "uuid",
    reason: "text",
  });
  await tx
    .insertInto("parked_accounts")
    .columns(source.columns)
    .expression(source.select)
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}

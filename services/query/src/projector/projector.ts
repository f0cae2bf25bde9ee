import type { EventBatch, PositionStore } from "@countinghouse/bus";
import { ledgerOf } from "@countinghouse/domain";
import type { Logger } from "@countinghouse/service-kit";
import type { LogEvent } from "../events/account-event.ts";
import { concernsAccounts, placeOf } from "../events/decode.ts";
import type { LogReader } from "../log-reader.ts";
import type { Database, Tx } from "../tables.ts";
import { isConflict, isRefusedData } from "./database-errors.ts";
import { gathering } from "./gather.ts";
import { type Gap, type Plan, planBatch } from "./plan.ts";
import { type ProjectorObserver, report, reportParked } from "./report.ts";
import {
  announce,
  createPositionStore,
  enter,
  findParked,
  lockAccounts,
  lockCursors,
  type Move,
  moveCursors,
  park,
  reachedBy,
  type SourcePosition,
  writePlan,
} from "./store.ts";

/** How often work is done again because another writer was in the way. */
const ATTEMPTS_MAX = 3;
/** Accounts that one round of `releaseParked` tries. */
const RELEASE_MAX = 1_000;

/**
 * The tables have less of a source than this process has put there: they were restored or made
 * anew. Whoever follows the source has to begin again from where the tables are.
 */
export class TablesWentBackError extends Error {
  readonly code = "tables_went_back";
  readonly retryable = true;
  override readonly name = "TablesWentBackError";
}

export interface ProjectorDeps {
  /** As the role that writes. */
  readonly db: Database;
  readonly log: LogReader;
  readonly logger: Logger;
  readonly observer: ProjectorObserver;
  /** Whether the tables are those that are read: every process is told of what is applied. */
  readonly announces: boolean;
}

interface Deps extends ProjectorDeps {
  /** How far each source was applied at least, as this process knows it. */
  readonly reached: Map<string, bigint>;
}

type Batch = Omit<EventBatch, "events"> & { readonly events: readonly LogEvent[] };

/** Brings every projection up to date with the log, event by event, each exactly once. */
export interface Projector {
  /**
   * Applies a batch, in its order, and moves the cursor of its source, in one transaction, which
   * batches of other sources that come meanwhile may share. Returns when that is durable. Throws
   * when the database or, to mend a gap, the log is out of reach; the same events may then come
   * again, as may any.
   * @throws TablesWentBackError
   */
  apply(batch: Batch): Promise<void>;
  /** Where each source goes on; what it says is what `apply` counts on. */
  readonly positions: PositionStore;
  /** Applies events and moves no cursor, as if a source had brought them out of its order. */
  applyInPlace(events: readonly LogEvent[]): Promise<void>;
  /** Tries parked accounts again, or one of them, from the log; gives how many of them go on. */
  releaseParked(accountId?: string): Promise<number>;
}

export function createProjector(outer: ProjectorDeps): Projector {
  const deps: Deps = { ...outer, reached: new Map() };
  const store = createPositionStore(deps.db);
  const apply = gathering<Batch>((batches) => applyBatches(deps, batches), isOfOneBatch);
  return {
    positions: {
      async position(source) {
        const position = await store.position(source);
        deps.reached.set(source, position);
        return position;
      },
    },
    async apply(batch) {
      for (const { key } of batch.unreadable) await readAgain(deps, key);
      await apply(batch);
    },
    applyInPlace: (events) => applyBatch(deps, events),
    releaseParked: (accountId) => releaseParked(deps, accountId),
  };
}

/** What cannot be read in a topic is read from the log, if its key says of which account it is. */
async function readAgain(deps: Deps, key: string | undefined): Promise<void> {
  const ledger = key === undefined ? undefined : ledgerOf(key);
  if (key === undefined || ledger === undefined) return;
  const after = await positionOf(deps.db, key);
  await applyBatch(deps, await deps.log.readStream(ledger, key, after));
}

/** A batch shows gaps: they are mended from the log before anything of it is applied. */
class GapsFound extends Error {
  readonly gaps: readonly Gap[];

  constructor(gaps: readonly Gap[]) {
    super("events are missing");
    this.gaps = gaps;
  }
}

/** Several batches as one; one alone with all that may be wrong with it. */
function applyBatches(deps: Deps, batches: readonly Batch[]): Promise<void> {
  const events = batches.flatMap((batch) => batch.events);
  const moves = batches.map(({ source, next, events }) => {
    return { source, next, recordedAt: events.at(-1)?.recordedAt };
  });
  return batches.length > 1 ? applyAtOnce(deps, events, moves) : applyBatch(deps, events, moves);
}

/** Whether something is wrong with one of several batches, and the others can be applied. */
function isOfOneBatch(error: unknown): boolean {
  return error instanceof GapsFound || error instanceof TablesWentBackError || isRefusedData(error);
}

async function applyBatch(
  deps: Deps,
  batch: readonly LogEvent[],
  moves: readonly Move[] = [],
): Promise<void> {
  for (;;) {
    try {
      return await applyAtOnce(deps, batch, moves);
    } catch (error) {
      if (error instanceof GapsFound) {
        for (const gap of error.gaps) await mend(deps, gap);
      } else if (isRefusedData(error)) {
        await applyOneByOne(deps, batch);
        return applyAtOnce(deps, [], moves);
      } else {
        throw error;
      }
    }
  }
}

async function applyAtOnce(
  deps: Deps,
  batch: readonly LogEvent[],
  moves: readonly Move[],
): Promise<void> {
  const plan = await again(() => {
    return deps.db.transaction().execute(async (tx) => {
      await (moves.length > 0 ? takeUp(deps, tx, moves) : enter(tx));
      const planned = await planIn(tx, batch);
      if (planned.gaps.length > 0) throw new GapsFound(planned.gaps);
      await write(deps, tx, planned);
      if (moves.length > 0) await moveCursors(tx, moves);
      return planned;
    });
  });
  report(deps, plan);
  for (const { recordedAt, ...position } of moves) {
    note(deps, position);
    deps.observer.followed(position, recordedAt);
  }
}

async function takeUp({ reached }: Deps, tx: Tx, moves: readonly Move[]): Promise<void> {
  const stored = await lockCursors(
    tx,
    moves.map(({ source }) => source),
  );
  for (const [source, position] of stored) {
    if (position >= (reached.get(source) ?? 0n)) continue;
    throw new TablesWentBackError(`the tables have lost what they had of ${source}`);
  }
}

function note({ reached }: Deps, { source, next }: SourcePosition): void {
  if (next > (reached.get(source) ?? 0n)) reached.set(source, next);
}

async function write({ announces }: Deps, tx: Tx, plan: Plan): Promise<void> {
  await writePlan(tx, plan);
  if (announces) await announce(tx, reachedBy(plan.applied));
}

async function again<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      if (!isConflict(error) || attempt === ATTEMPTS_MAX) throw error;
    }
  }
}

async function planIn(tx: Tx, batch: readonly LogEvent[]): Promise<Plan> {
  const ids = [...new Set(batch.filter(concernsAccounts).map(({ streamId }) => streamId))];
  if (ids.length === 0) return planBatch([], new Map(), new Set());
  const accounts = await lockAccounts(tx, ids);
  return planBatch(batch, accounts, await findParked(tx, ids));
}

/** Applies a page of the events that a gap lacks; parks the account when the log has none. */
async function mend(deps: Deps, { place, next, after }: Gap): Promise<void> {
  const { accountId, ledger, version } = place;
  deps.logger.warn({ accountId, ledger, after, version }, "events are missing; asking the log");
  const events = await deps.log.readStream(ledger, accountId, after);
  if (events[0]?.version === next && next < version) return applyBatch(deps, events);
  const parking = { place, reason: "the log does not have the events before this one" };
  await deps.db.transaction().execute((tx) => park(tx, [parking]));
  reportParked(deps, [parking]);
}

/** The slow way, for a batch that the database refuses: finds the event and parks its account. */
async function applyOneByOne(deps: Deps, batch: readonly LogEvent[]): Promise<void> {
  for (const envelope of batch) {
    try {
      await applyAtOnce(deps, [envelope], []);
    } catch (error) {
      if (!isRefusedData(error)) throw error;
      deps.logger.error({ err: error, eventId: envelope.eventId }, "refused by the database");
      const parking = { place: placeOf(envelope), reason: "refused by the database" };
      await deps.db.transaction().execute((tx) => park(tx, [parking]));
      reportParked(deps, [parking]);
    }
  }
}

async function releaseParked(deps: Deps, accountId?: string): Promise<number> {
  let query = deps.db
    .selectFrom("parked_accounts")
    .select(["account_id", "ledger"])
    .orderBy("parked_at")
    .limit(RELEASE_MAX);
  if (accountId !== undefined) query = query.where("account_id", "=", accountId);
  const parked = await query.execute();
  let released = 0;
  for (const row of parked) {
    try {
      if (await release(deps, row.account_id, row.ledger)) released += 1;
    } catch (error) {
      if (!isRefusedData(error)) throw error;
    }
  }
  return released;
}

/**
 * Reads on until the log has no more: what came by while the account was parked was left to this.
 * Gives false when the account is parked again.
 */
async function release(deps: Deps, accountId: string, ledger: number): Promise<boolean> {
  for (let isReleased = false; ; isReleased = true) {
    const after = await positionOf(deps.db, accountId);
    const events = await deps.log.readStream(ledger, accountId, after);
    if (events.length === 0 && isReleased) return true;
    const plan = await again(() => applyReleased(deps, accountId, events));
    report(deps, plan);
    if (plan.parked.length > 0 || plan.gaps.length > 0) return false;
  }
}

function applyReleased(deps: Deps, accountId: string, events: readonly LogEvent[]): Promise<Plan> {
  return deps.db.transaction().execute(async (tx) => {
    await enter(tx);
    const accounts = await lockAccounts(tx, [accountId]);
    const plan = planBatch(events, accounts, new Set());
    if (plan.gaps.length > 0) return plan;
    await tx.deleteFrom("parked_accounts").where("account_id", "=", accountId).execute();
    await write(deps, tx, plan);
    return plan;
  });
}

async function positionOf(db: Database, accountId: string): Promise<number> {
  const row = await db
    .selectFrom("accounts")
    .select("position")
    .where("account_id", "=", accountId)
    .executeTakeFirst();
  return Number(row?.position ?? 0);
}

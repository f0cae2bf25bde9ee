import type { EventBatch } from "@countinghouse/bus";
import type { Envelope } from "@countinghouse/contracts";
import { ledgerOf } from "@countinghouse/domain";
import type { Logger } from "@countinghouse/service-kit";
import { concernsAccounts, placeOf } from "../events/decode.ts";
import type { LogReader } from "../log-reader.ts";
import type { Database, Tx } from "../tables.ts";
import { isConflict, isRefusedData } from "./database-errors.ts";
import { type Gap, type Parking, type Plan, planBatch } from "./plan.ts";
import {
  findParked,
  lockAccounts,
  lockCursor,
  moveCursor,
  park,
  reachedBy,
  type SourcePosition,
  writePlan,
} from "./store.ts";

/** How often work is done again because another writer was in the way. */
const ATTEMPTS_MAX = 3;
/** Accounts that one round of `releaseParked` tries. */
const RELEASE_MAX = 1_000;

/** What came of the events of a batch, for whoever waits for it or counts it. */
export interface ProjectorObserver {
  applied(versions: ReadonlyMap<string, number>): void;
  followed(position: SourcePosition, recordedAt: string | undefined): void;
  parked(accounts: number): void;
  repeated(events: number): void;
}

export interface ProjectorDeps {
  /** As the role that writes. */
  readonly db: Database;
  readonly log: LogReader;
  readonly logger: Logger;
  readonly observer: ProjectorObserver;
}

/** Brings every projection up to date with the log, event by event, each exactly once. */
export interface Projector {
  /**
   * Applies a batch, in its order, and moves the cursor of its source, in one transaction. Returns
   * when that is durable. Throws when the database or, to mend a gap, the log is out of reach; the
   * same events may then come again, as may any.
   */
  apply(batch: EventBatch): Promise<void>;
  /** Tries parked accounts again, from the log; gives how many of them go on. */
  releaseParked(): Promise<number>;
}

export function createProjector(deps: ProjectorDeps): Projector {
  return {
    async apply({ source, events, unreadable, next }) {
      for (const { key } of unreadable) await readAgain(deps, key);
      await applyBatch(deps, events, { source, next });
    },
    releaseParked: () => releaseParked(deps),
  };
}

/** What cannot be read in a topic is read from the log, if its key says of which account it is. */
async function readAgain(deps: ProjectorDeps, key: string | undefined): Promise<void> {
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

async function applyBatch(
  deps: ProjectorDeps,
  batch: readonly Envelope[],
  position?: SourcePosition,
): Promise<void> {
  for (;;) {
    try {
      return await applyAtOnce(deps, batch, position);
    } catch (error) {
      if (error instanceof GapsFound) {
        for (const gap of error.gaps) await mend(deps, gap);
      } else if (isRefusedData(error)) {
        await applyOneByOne(deps, batch);
        return applyAtOnce(deps, [], position, batch.at(-1)?.recordedAt);
      } else {
        throw error;
      }
    }
  }
}

async function applyAtOnce(
  deps: ProjectorDeps,
  batch: readonly Envelope[],
  position: SourcePosition | undefined,
  recordedAt = batch.at(-1)?.recordedAt,
): Promise<void> {
  const plan = await again(() => {
    return deps.db.transaction().execute(async (tx) => {
      if (position) await lockCursor(tx, position.source);
      const planned = await planIn(tx, batch);
      if (planned.gaps.length > 0) throw new GapsFound(planned.gaps);
      await writePlan(tx, planned);
      if (position) await moveCursor(tx, position, recordedAt);
      return planned;
    });
  });
  report(deps, plan);
  if (position) deps.observer.followed(position, recordedAt);
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

async function planIn(tx: Tx, batch: readonly Envelope[]): Promise<Plan> {
  const ids = [...new Set(batch.filter(concernsAccounts).map(({ streamId }) => streamId))];
  if (ids.length === 0) return planBatch([], new Map(), new Set());
  const accounts = await lockAccounts(tx, ids);
  return planBatch(batch, accounts, await findParked(tx, ids));
}

function report({ logger, observer }: ProjectorDeps, plan: Plan): void {
  observer.applied(reachedBy(plan.applied));
  observer.repeated(plan.repeated);
  reportParked({ logger, observer }, plan.parked);
}

function reportParked(
  { logger, observer }: Pick<ProjectorDeps, "logger" | "observer">,
  parked: readonly Parking[],
): void {
  for (const { place, reason } of parked) logger.error({ ...place, reason }, "account parked");
  observer.parked(parked.length);
}

/** Applies a page of the events that a gap lacks; parks the account when the log has none. */
async function mend(deps: ProjectorDeps, { place, next, after }: Gap): Promise<void> {
  const { accountId, ledger, version } = place;
  deps.logger.warn({ accountId, ledger, after, version }, "events are missing; asking the log");
  const events = await deps.log.readStream(ledger, accountId, after);
  if (events[0]?.version === next && next < version) return applyBatch(deps, events);
  const parking = { place, reason: "the log does not have the events before this one" };
  await deps.db.transaction().execute((tx) => park(tx, [parking]));
  reportParked(deps, [parking]);
}

/** The slow way, for a batch that the database refuses: finds the event and parks its account. */
async function applyOneByOne(deps: ProjectorDeps, batch: readonly Envelope[]): Promise<void> {
  for (const envelope of batch) {
    try {
      await applyAtOnce(deps, [envelope], undefined);
    } catch (error) {
      if (!isRefusedData(error)) throw error;
      deps.logger.error({ err: error, eventId: envelope.eventId }, "refused by the database");
      const parking = { place: placeOf(envelope), reason: "refused by the database" };
      await deps.db.transaction().execute((tx) => park(tx, [parking]));
      reportParked(deps, [parking]);
    }
  }
}

async function releaseParked(deps: ProjectorDeps): Promise<number> {
  const parked = await deps.db
    .selectFrom("parked_accounts")
    .select(["account_id", "ledger"])
    .orderBy("parked_at")
    .limit(RELEASE_MAX)
    .execute();
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
async function release(deps: ProjectorDeps, accountId: string, ledger: number): Promise<boolean> {
  for (let isReleased = false; ; isReleased = true) {
    const after = await positionOf(deps.db, accountId);
    const events = await deps.log.readStream(ledger, accountId, after);
    if (events.length === 0 && isReleased) return true;
    const plan = await again(() => applyReleased(deps.db, accountId, events));
    report(deps, plan);
    if (plan.parked.length > 0 || plan.gaps.length > 0) return false;
  }
}

function applyReleased(
  db: Database,
  accountId: string,
  events: readonly Envelope[],
): Promise<Plan> {
  return db.transaction().execute(async (tx) => {
    const accounts = await lockAccounts(tx, [accountId]);
    const plan = planBatch(events, accounts, new Set());
    if (plan.gaps.length > 0) return plan;
    await tx.deleteFrom("parked_accounts").where("account_id", "=", accountId).execute();
    await writePlan(tx, plan);
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

import { setTimeout as pause } from "node:timers/promises";
import type pg from "pg";
import type { LogEvent } from "../events/account-event.ts";
import { projections } from "../projections/index.ts";
import type { Gathering, RowsOfTable } from "../projections/projection.ts";
import { type Parking, planBatch } from "../projector/plan.ts";
import { copyInto } from "./copy.ts";
import type { LogPages } from "./log-pages.ts";
import { NEXT_SCHEMA, RebuildError } from "./shadow.ts";
import { Shelf } from "./shelf.ts";
import { upsertInto } from "./upsert.ts";

/** Limits of filling the tables. */
export const LOADING = {
  /** Events read, and written, at once. */
  pageEvents: 5_000,
  /** Rows that may still change which are held before they are written. */
  heldMax: 500_000,
} as const;

export type LoadingLimits = Readonly<Record<keyof typeof LOADING, number>>;

/** Pages that are asked for before they are needed. */
const PAGES_AHEAD = 3;
/** Pages that are being written when the next is worked out. */
const PAGES_BEHIND = 2;

/** How far a rebuild is, in events. */
export interface LoadProgress {
  readonly done: number;
  readonly total: number;
}

export interface LoadDeps {
  /** As the owner; each does one thing at a time. */
  readonly writers: { readonly rows: pg.ClientBase; readonly lines: pg.ClientBase };
  readonly log: LogPages;
  /** Events a second at most; absent, as many as there can be. */
  readonly rate?: number | undefined;
  readonly limits?: Partial<LoadingLimits>;
  readonly onProgress?: (progress: LoadProgress) => void;
}

/** What a load comes to: where each ledger was read to, and which accounts cannot be applied. */
export interface Loaded {
  readonly heads: readonly { readonly ledger: number; readonly position: number }[];
  readonly parked: readonly Parking[];
  readonly events: number;
}

/**
 * Fills empty tables with what the log comes to up to where it ends now. Reads a page while the one
 * before it is worked out and the one before that is written.
 */
export async function load(deps: LoadDeps): Promise<Loaded> {
  const limits = { ...LOADING, ...deps.limits };
  const heads = await deps.log.heads();
  const total = heads.reduce((sum, { position }) => sum + position, 0);
  const gatherings = projections.map((projection) => projection.gather());
  const shelf = new Shelf(deps.writers.rows, NEXT_SCHEMA);
  const parked: Parking[] = [];
  const stopped = new Set<string>();
  const beganMs = performance.now();
  let done = 0;
  const writing: Promise<unknown>[] = [];
  for (const head of heads) {
    for await (const page of pagesOf(deps.log, head, limits.pageEvents)) {
      await shelf.fetch(page.map(({ streamId }) => streamId));
      const plan = planBatch(page, shelf, stopped);
      if (plan.gaps.length > 0) throw new RebuildError("The log has a gap in an account.");
      for (const { accountId, after } of plan.applied) shelf.set(accountId, after);
      for (const parking of plan.parked) stopped.add(parking.place.accountId);
      parked.push(...plan.parked);
      for (const gathering of gatherings) gathering.take(plan.applied);
      writing.push(quietly(append(deps.writers, gatherings)));
      if (writing.length > PAGES_BEHIND) await writing.shift();
      if (heldBy(gatherings) + shelf.size > limits.heldMax) {
        await Promise.all(writing.splice(0));
        await writeChanging(deps.writers.rows, gatherings);
        shelf.clear();
      }
      done += page.length;
      deps.onProgress?.({ done, total });
      await keepTo(deps.rate, done, beganMs);
    }
  }
  await Promise.all(writing);
  await writeChanging(deps.writers.rows, gatherings);
  return { heads, parked, events: done };
}

async function* pagesOf(
  log: LogPages,
  { ledger, position: head }: { ledger: number; position: number },
  limit: number,
): AsyncGenerator<LogEvent[]> {
  const ahead: Promise<LogEvent[]>[] = [];
  let asked = 0;
  for (let after = 0; after < head; after = Math.min(after + limit, head)) {
    for (; asked < head && ahead.length < PAGES_AHEAD; asked += limit) {
      const upTo = Math.min(asked + limit, head);
      ahead.push(quietly(log.page({ ledger, after: asked, upTo, limit })));
    }
    const page = (await ahead.shift()) ?? [];
    if (page.length !== Math.min(limit, head - after)) {
      throw new RebuildError(`Ledger ${ledger} lacks events after position ${after}.`);
    }
    yield page;
  }
}

/** Its failure is told to whoever waits for it in the end, and to nobody before. */
function quietly<T>(work: Promise<T>): Promise<T> {
  work.catch(() => undefined);
  return work;
}

/** Each table has a connection of its own, so that the server fills both at once. */
async function append(
  { rows, lines }: LoadDeps["writers"],
  gatherings: readonly Gathering[],
): Promise<void> {
  const [first, ...others] = gatherings.flatMap((gathering) => gathering.appended());
  const write = async (client: pg.ClientBase, some: readonly (RowsOfTable | undefined)[]) => {
    for (const one of some) if (one !== undefined) await copyInto(client, NEXT_SCHEMA, one);
  };
  await Promise.all([write(rows, [first]), write(lines, others)]);
}

function heldBy(gatherings: readonly Gathering[]): number {
  return gatherings.reduce((sum, { held }) => sum + held, 0);
}

async function writeChanging(client: pg.ClientBase, gatherings: readonly Gathering[]) {
  for (const rows of gatherings.flatMap((gathering) => gathering.changing())) {
    await upsertInto(client, NEXT_SCHEMA, rows);
  }
}

async function keepTo(rate: number | undefined, done: number, beganMs: number): Promise<void> {
  if (rate === undefined) return;
  const aheadMs = (done / rate) * 1000 - (performance.now() - beganMs);
  if (aheadMs > 0) await pause(aheadMs);
}

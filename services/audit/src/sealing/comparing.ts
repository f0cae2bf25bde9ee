import { setTimeout as delay } from "node:timers/promises";
import type { Logger } from "@countinghouse/service-kit";
import { HASH_BYTES, leafHash, TILE_WIDTH } from "@countinghouse/transparency";
import type { LogReader } from "../log-reader.ts";
import type { TreeStore } from "../store/tree-store.ts";
import { entryOf } from "./grow.ts";
import type { Ledgers } from "./ledgers.ts";
import type { Sealer } from "./sealer.ts";

const MS_PER_SECOND = 1_000;
/** Pause between two ways through all ledgers, and after a failure. */
const PAUSE_MS = 1_000;
/** Positions that are remembered as told; more say nothing new. */
const TOLD_MAX = 10_000;

export interface ComparingDeps {
  readonly ledgers: Pick<Ledgers, "all">;
  readonly log: LogReader;
  /** Not through the cache of tiles: each of them is read once. */
  readonly store: Pick<TreeStore, "fullTile">;
  readonly observer: {
    /** Told once of each position, and of the first one of 256 that differ. */
    differs(ledger: number, position: number): void;
    /** All events of a ledger that were sealed when it began were compared. */
    compared(ledger: number, events: number): void;
  };
  /** Events a second, so that nobody notices; 0 for none at all. */
  readonly rate: number;
  readonly logger: Logger;
}

/** What compares the log with what was sealed, over and over. */
export interface Comparing {
  stop(): Promise<void>;
}

/**
 * Reads every ledger from its first event on and holds each event against its leaf: an old event
 * that was changed in the log is found here, though nobody asks for it.
 */
export function startComparing(deps: ComparingDeps): Comparing {
  const stopping = new AbortController();
  const { signal } = stopping;
  const running = deps.rate === 0 ? Promise.resolve() : run(deps, signal);
  return {
    async stop() {
      stopping.abort();
      await running;
    },
  };
}

async function run(deps: ComparingDeps, signal: AbortSignal): Promise<void> {
  const told = new Set<string>();
  const pause = (ms: number) => delay(ms, undefined, { signal }).catch(() => undefined);
  while (!signal.aborted) {
    for (const sealer of deps.ledgers.all()) {
      try {
        await compareLedger(deps, sealer, told, pause, signal);
      } catch (err) {
        if (signal.aborted) return;
        deps.logger.warn({ err, ledger: sealer.ledger }, "the log could not be compared");
      }
    }
    await pause(PAUSE_MS);
  }
}

async function compareLedger(
  deps: ComparingDeps,
  sealer: Sealer,
  told: Set<string>,
  pause: (ms: number) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const { observer, rate } = deps;
  const { ledger } = sealer;
  const { size } = sealer.edge;
  for (let after = 0; after < size && !signal.aborted; after += TILE_WIDTH) {
    const beganMs = performance.now();
    const position = await firstDifference(deps, sealer, after);
    const name = `${ledger}/${position}`;
    if (position !== undefined && !told.has(name)) {
      if (told.size < TOLD_MAX) told.add(name);
      observer.differs(ledger, position);
    }
    const dueMs = (TILE_WIDTH * MS_PER_SECOND) / rate - (performance.now() - beganMs);
    if (dueMs > 1) await pause(dueMs);
  }
  if (!signal.aborted) observer.compared(ledger, size);
}

/** The first of 256 positions whose event is not the one that was sealed, or is not there. */
async function firstDifference(
  { log, store }: ComparingDeps,
  { ledger, edge }: Sealer,
  after: number,
): Promise<number | undefined> {
  const width = Math.min(TILE_WIDTH, edge.size - after);
  const index = after / TILE_WIDTH;
  const isFull = index < Math.floor(edge.size / TILE_WIDTH);
  const leaves = isFull ? await store.fullTile(ledger, 0, index) : edge.partialTile(0);
  if (leaves === undefined) throw new Error(`the leaves after ${after} are not stored`);
  const events = await log.range(ledger, after, width);
  for (let i = 0; i < width; i += 1) {
    const event = events[i];
    const leaf = event && leafHash(entryOf(event));
    const isSame = leaf?.equals(leaves.subarray(i * HASH_BYTES, (i + 1) * HASH_BYTES));
    if (isSame !== true) return after + i + 1;
  }
  return undefined;
}

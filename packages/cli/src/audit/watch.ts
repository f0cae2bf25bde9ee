import { setTimeout as delay } from "node:timers/promises";
import {
  type Checkpoint,
  canonicalJson,
  HASH_BYTES,
  type Hash,
  leafHash,
  parseCheckpoint,
  TILE_WIDTH,
  tilePath,
  type VerifierKey,
} from "@countinghouse/transparency";
import { CliError } from "../cli-error.ts";
import { BadCheckpointError, type Bank } from "./bank.ts";
import { conflictOf } from "./conflict.ts";
import type { Memory } from "./watch-memory.ts";

/** Lines of the log in one request; whole tiles. */
const PAGE_EVENTS = 39 * TILE_WIDTH;
/** Pages of old events at one look, so that the next checkpoint is not kept waiting. */
const PAGES_A_LOOK = 10;

/** What a monitor tells whoever watches. */
export interface WatchObserver {
  /** The log is what was signed, up to so many events. */
  sound(checkpoint: Checkpoint): void;
  /** All events up to so many were read once more. */
  swept(events: number): void;
  alarm(code: AlarmCode, sentence: string): void;
  /** The bank does not answer, or not this login: nothing is known, for better or worse. */
  blind(sentence: string): void;
}

export const ALARMS = {
  bad_checkpoint: "a checkpoint that is not signed by the key, or no checkpoint at all",
  inconsistent: "a checkpoint that does not go on from the one before",
  log_differs: "an event of the log that is not the one that was sealed",
  log_short: "events that were sealed are no longer in the log",
} as const;
export type AlarmCode = keyof typeof ALARMS;

export interface WatchOptions {
  readonly bank: Bank;
  readonly key: VerifierKey;
  readonly memory: Memory;
  readonly everyMs: number;
  readonly observer: WatchObserver;
  readonly signal: AbortSignal;
  /** One look at everything, instead of one after another. */
  readonly isOnce: boolean;
}

/**
 * Watches a log as somebody who trusts nobody: holds every new checkpoint against the last, reads
 * the events that are new and holds them against the checkpoint, and reads the old ones again and
 * again and holds them against what they were. What it knows is 32 bytes for every 256 events.
 */
export async function watch(options: WatchOptions): Promise<void> {
  const { bank, key, memory, observer, signal } = options;
  let sweptTo = 0;
  while (!signal.aborted) {
    try {
      const next = await bank.checkpoint(key);
      if (await goesOn(options, next)) {
        await takeNew(options, next);
        sweptTo = await sweep(options, sweptTo);
        observer.sound(next);
        await memory.save();
      }
    } catch (error) {
      if (error instanceof BadCheckpointError) observer.alarm("bad_checkpoint", error.message);
      else if (error instanceof Alarm) observer.alarm(error.code, error.message);
      else if (error instanceof CliError) observer.blind(error.message);
      else throw error;
    }
    if (options.isOnce) return;
    await delay(options.everyMs, undefined, { signal }).catch(() => undefined);
  }
}

class Alarm extends Error {
  readonly code: AlarmCode;
  constructor(code: AlarmCode, sentence: string) {
    super(sentence);
    this.code = code;
  }
}

/** The first checkpoint is taken at its word; each after it must go on from the last. */
async function goesOn(options: WatchOptions, next: Checkpoint): Promise<boolean> {
  const { bank, memory, observer } = options;
  if (memory.checkpoint === undefined) return true;
  const conflict = await conflictOf(bank, parseCheckpoint(memory.checkpoint), next);
  if (conflict === undefined) return true;
  observer.alarm("inconsistent", conflict);
  return false;
}

/** Reads the events that are new, and takes them in once they make the root that was signed. */
async function takeNew({ bank, memory }: WatchOptions, next: Checkpoint): Promise<void> {
  const { edge } = memory;
  const tiles: Hash[] = [];
  const grown = edge.copy();
  while (grown.size < next.size) {
    const limit = Math.min(PAGE_EVENTS, next.size - grown.size);
    const lines = await bank.events({ after: grown.size, limit });
    for (const line of lines) {
      grown.append(leafOf(line), ({ level, root }) => level === 0 && tiles.push(root));
    }
    if (lines.length < limit) {
      const missing = next.size - grown.size;
      throw new Alarm("log_short", `the log has ${missing} events fewer than were sealed`);
    }
  }
  if (!grown.root().equals(next.root)) {
    const position = await firstDifference(bank, edge.size, next.size);
    throw new Alarm("log_differs", sentenceAbout(position ?? edge.size + 1));
  }
  memory.take(next, grown, tiles);
}

/**
 * Reads old events on from where the last look ended, and compares each tile's root with the known
 * one. Gives where to go on: 0 after the last of them.
 */
async function sweep(options: WatchOptions, from: number): Promise<number> {
  const { memory, observer, signal, isOnce } = options;
  const { size } = memory.edge;
  let at = from;
  for (let pages = 0; at < size && (isOnce || pages < PAGES_A_LOOK); pages += 1) {
    if (signal.aborted) return at;
    await comparePage(options, at, Math.min(PAGE_EVENTS, size - at));
    at += PAGE_EVENTS;
  }
  if (at < size) return at;
  observer.swept(size);
  return 0;
}

async function comparePage({ bank, memory }: WatchOptions, at: number, limit: number) {
  const leaves = (await bank.events({ after: at, limit })).map(leafOf);
  for (let first = 0; first < limit; first += TILE_WIDTH) {
    const index = (at + first) / TILE_WIDTH;
    const width = Math.min(TILE_WIDTH, limit - first);
    const found = leaves.slice(first, first + width);
    if (memory.isTile(index, found)) continue;
    const wanted = await leavesOf(bank, index, width);
    const wrong = wanted.findIndex((leaf, i) => !found[i]?.equals(leaf));
    const position = at + first + Math.max(wrong, 0) + 1;
    if (found.length < width && wrong >= found.length) {
      throw new Alarm("log_short", `the log ends before position ${position}, which was sealed`);
    }
    throw new Alarm("log_differs", sentenceAbout(position));
  }
}

async function firstDifference(
  bank: Bank,
  from: number,
  size: number,
): Promise<number | undefined> {
  for (let index = Math.floor(from / TILE_WIDTH); index * TILE_WIDTH < size; index += 1) {
    const first = index * TILE_WIDTH;
    const width = Math.min(TILE_WIDTH, size - first);
    const lines = await bank.events({ after: first, limit: width });
    const wanted = await leavesOf(bank, index, width);
    const wrong = wanted.findIndex((leaf, i) => !leafOf(lines[i] ?? "").equals(leaf));
    if (wrong !== -1) return first + wrong + 1;
  }
  return undefined;
}

/** What the audit has sealed: it says where a difference is, not whether there is one. */
async function leavesOf(bank: Bank, index: number, width: number): Promise<Hash[]> {
  const bytes = (await bank.tile(tilePath({ level: 0, index, width }))) ?? Buffer.alloc(0);
  const count = Math.floor(bytes.length / HASH_BYTES);
  return Array.from({ length: count }, (_, i) => {
    return bytes.subarray(i * HASH_BYTES, (i + 1) * HASH_BYTES);
  });
}

function leafOf(line: string): Hash {
  return leafHash(Buffer.from(canonicalOf(line)));
}

function canonicalOf(line: string): string {
  try {
    return canonicalJson(JSON.parse(line));
  } catch {
    return line;
  }
}

function sentenceAbout(position: number): string {
  return `the event at position ${position} is not the one that was sealed`;
}

import { partitionOf } from "@countinghouse/bus";
import type { Envelope } from "@countinghouse/contracts";
import type { LogLine } from "@countinghouse/event-store";
import type { Cursor } from "./cursors.ts";

/** Bounds of one send: its events, and its text, which has to stay below the brokers' 1 MB. */
const SEND_EVENTS_MAX = 500;
const SEND_CHARACTERS_MAX = 400_000;

interface Item {
  readonly ledger: number;
  readonly position: number;
  readonly event: Envelope;
  readonly characters: number;
}

/** What one partition sends next. */
export type Batch = readonly Item[];

/**
 * The events that were read and are not yet acknowledged, by partition, and from that how far each
 * cursor may move: never past an event that is not acknowledged.
 */
export interface Queues {
  /** How many events wait or are being sent. */
  readonly size: number;
  /** The position after which the log of a ledger is to be read next. */
  readUpTo(ledger: number): number;
  /** Takes in what was read of a ledger up to a position. */
  add(ledger: number, lines: readonly LogLine[], upTo: number): void;
  /** The next events of a partition, at most so many; they stay until they are `acknowledged`. */
  next(partition: number, most?: number): Batch;
  acknowledged(partition: number, batch: Batch): void;
  /** The cursors that have moved since they were last said to be `saved`. */
  moved(): Cursor[];
  saved(cursors: readonly Cursor[]): void;
}

export function createQueues(partitions: number, stored: readonly Cursor[]): Queues {
  const queues = Array.from({ length: partitions }, (): Item[] => []);
  const read = new Map<number, number>();
  const cursors = createPositions(partitions, stored);
  const saved = createPositions(partitions, stored);
  let size = 0;

  const readUpTo = (ledger: number) => read.get(ledger) ?? Math.min(...cursors.of(ledger));

  /** A partition in which nothing of the ledger waits is as far as the ledger was read. */
  function advance(ledger: number, partition: number): void {
    const positions = cursors.of(ledger);
    const isWaiting = queues[partition]?.some((item) => item.ledger === ledger);
    const position = positions[partition] ?? 0;
    if (!isWaiting) positions[partition] = Math.max(position, readUpTo(ledger));
  }

  return {
    get size() {
      return size;
    },
    readUpTo,
    add(ledger, lines, upTo) {
      const positions = cursors.of(ledger);
      for (const line of lines) {
        const partition = partitionOf(line.streamId, partitions);
        if (line.position <= (positions[partition] ?? 0)) continue;
        queues[partition]?.push(itemOf(ledger, line));
        size += 1;
      }
      read.set(ledger, upTo);
      for (let partition = 0; partition < partitions; partition += 1) advance(ledger, partition);
    },
    next: (partition, most = SEND_EVENTS_MAX) => head(queues[partition] ?? [], most),
    acknowledged(partition, batch) {
      queues[partition]?.splice(0, batch.length);
      size -= batch.length;
      for (const { ledger, position } of batch) cursors.of(ledger)[partition] = position;
      for (const ledger of cursors.ledgers()) advance(ledger, partition);
    },
    moved: () => cursors.beyond(saved),
    saved(moved) {
      for (const { ledger, partition, position } of moved) saved.of(ledger)[partition] = position;
    },
  };
}

/** A position for each partition of each ledger, 0 where none was stored. */
interface Positions {
  of(ledger: number): number[];
  ledgers(): Iterable<number>;
  /** Those that are larger than the others. */
  beyond(others: Positions): Cursor[];
}

function createPositions(partitions: number, stored: readonly Cursor[]): Positions {
  const byLedger = new Map<number, number[]>();
  const of = (ledger: number) => {
    let positions = byLedger.get(ledger);
    if (positions === undefined) {
      positions = Array<number>(partitions).fill(0);
      byLedger.set(ledger, positions);
    }
    return positions;
  };
  for (const { ledger, partition, position } of stored) of(ledger)[partition] = position;
  return {
    of,
    ledgers: () => byLedger.keys(),
    beyond(others) {
      return [...byLedger].flatMap(([ledger, positions]) => {
        const before = others.of(ledger);
        return positions
          .map((position, partition) => ({ ledger, partition, position }))
          .filter(({ partition, position }) => position > (before[partition] ?? 0));
      });
    },
  };
}

function itemOf(ledger: number, { position, json }: LogLine): Item {
  const event = JSON.parse(json) as Envelope;
  return { ledger, position, event, characters: json.length };
}

function head(queue: readonly Item[], most: number): Batch {
  const end = Math.min(queue.length, most, SEND_EVENTS_MAX);
  let characters = 0;
  for (let i = 0; i < end; i += 1) {
    characters += queue[i]?.characters ?? 0;
    if (i > 0 && characters > SEND_CHARACTERS_MAX) return queue.slice(0, i);
  }
  return queue.slice(0, end);
}

import { type EventRecord, partitionOf, toRecordAsLogged } from "@countinghouse/bus";
import type { StoredEvent } from "@countinghouse/event-store";
import type { Cursor } from "./cursors.ts";
import { type Page, type Plan, planOf } from "./plan.ts";
import { createPositions } from "./positions.ts";

/** Bounds of one send: its events, and its text, which has to stay below the brokers' 1 MB. */
const SEND_EVENTS_MAX = 500;
const SEND_CHARACTERS_MAX = 400_000;
/** What waits for a partition before the log is read no further for it; one page may go beyond. */
const WAITING_EVENTS_MAX = 1_000;
const WAITING_CHARACTERS_MAX = 2_000_000;

interface Item {
  readonly ledger: number;
  readonly position: number;
  readonly record: EventRecord;
  readonly characters: number;
}

/** What one partition sends next. */
export type Batch = readonly Item[];

/**
 * The events that were read and are not yet acknowledged, by partition, and from that how far each
 * cursor may move: never past an event that is not acknowledged. Each partition has been read for
 * up to a position of its own, so that one that cannot send is left behind and holds up nobody.
 */
export interface Queues {
  /** How many events wait or are being sent. */
  readonly size: number;
  /** Whether some partition has been read for less far than others. */
  readonly isUneven: boolean;
  /** What to read next of a ledger that ends at `head`, at most `most` positions. */
  plan(ledger: number, head: number, most: number, stuck: ReadonlySet<number>): Plan;
  /** Takes in all events of a planned page that are to be published. */
  add(page: Page, events: readonly StoredEvent[]): void;
  /** The next events of a partition, at most so many; they stay until they are `acknowledged`. */
  next(partition: number, most?: number): Batch;
  acknowledged(partition: number, batch: Batch): void;
  /** The cursors that have moved since they were last said to be `saved`. */
  moved(): Cursor[];
  saved(cursors: readonly Cursor[]): void;
}

interface Queue {
  readonly items: Item[];
  characters: number;
}

export function createQueues(partitions: number, stored: readonly Cursor[]): Queues {
  const queues = Array.from({ length: partitions }, (): Queue => ({ items: [], characters: 0 }));
  const read = createPositions(partitions, stored);
  const cursors = createPositions(partitions, stored);
  const saved = createPositions(partitions, stored);
  let size = 0;
  let turn: "front" | "behind" = "front";

  /** A partition in which nothing of the ledger waits is as far as the ledger was read for it. */
  function advance(ledger: number, partition: number): void {
    const isWaiting = queues[partition]?.items.some((item) => item.ledger === ledger);
    if (!isWaiting) cursors.raise(ledger, partition, read.at(ledger, partition));
  }

  return {
    get size() {
      return size;
    },
    get isUneven() {
      return [...read.ledgers()].some((ledger) => new Set(read.of(ledger)).size > 1);
    },
    plan(ledger, head, most, stuck) {
      turn = turn === "front" ? "behind" : "front";
      const isFull = (partition: number) => isQueueFull(queues[partition]);
      return planOf({ ledger, head, most, places: read.of(ledger), isFull, stuck, turn });
    },
    add({ ledger, upTo, partitions: chosen }, events) {
      for (const event of events) {
        const partition = partitionOf(event.streamId, partitions);
        const queue = queues[partition];
        if (queue === undefined || !chosen.has(partition)) continue;
        if (event.position <= read.at(ledger, partition)) continue;
        const item = itemOf(ledger, event);
        queue.items.push(item);
        queue.characters += item.characters;
        size += 1;
      }
      for (const partition of chosen) {
        read.raise(ledger, partition, upTo);
        advance(ledger, partition);
      }
    },
    next: (partition, most = SEND_EVENTS_MAX) => firstOf(queues[partition]?.items ?? [], most),
    acknowledged(partition, batch) {
      const queue = queues[partition];
      if (queue === undefined) return;
      queue.items.splice(0, batch.length);
      size -= batch.length;
      for (const { ledger, position, characters } of batch) {
        queue.characters -= characters;
        cursors.raise(ledger, partition, position);
      }
      for (const ledger of cursors.ledgers()) advance(ledger, partition);
    },
    moved: () => cursors.beyond(saved),
    saved(moved) {
      for (const { ledger, partition, position } of moved) saved.raise(ledger, partition, position);
    },
  };
}

function isQueueFull(queue: Queue | undefined): boolean {
  if (queue === undefined) return true;
  return queue.items.length >= WAITING_EVENTS_MAX || queue.characters >= WAITING_CHARACTERS_MAX;
}

function itemOf(ledger: number, event: StoredEvent): Item {
  const record = toRecordAsLogged(event);
  const characters = event.data.length + event.meta.length;
  return { ledger, position: event.position, record, characters };
}

function firstOf(items: readonly Item[], most: number): Batch {
  const end = Math.min(items.length, most, SEND_EVENTS_MAX);
  let characters = 0;
  for (let i = 0; i < end; i += 1) {
    characters += items[i]?.characters ?? 0;
    if (i > 0 && characters > SEND_CHARACTERS_MAX) return items.slice(0, i);
  }
  return items.slice(0, end);
}

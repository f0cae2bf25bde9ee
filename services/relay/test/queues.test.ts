import { randomUUID } from "node:crypto";
import { partitionOf } from "@countinghouse/bus";
import type { StoredEvent } from "@countinghouse/event-store";
import { expect, test } from "vitest";
import type { Cursor } from "../src/publish/cursors.ts";
import { createQueues, type Queues } from "../src/publish/queues.ts";

const PARTITIONS = 2;
const NONE: ReadonlySet<number> = new Set();
/** A stream of each partition. */
const STREAMS = Array.from({ length: PARTITIONS }, (_, partition) => {
  for (let i = 0; ; i += 1) {
    const id = `0198f3d2-0000-8001-8000-${String(i).padStart(12, "0")}`;
    if (partitionOf(id, PARTITIONS) === partition) return id;
  }
});

function event(position: number, partition: number, padding = 0): StoredEvent {
  return {
    ...{ position, eventId: randomUUID(), streamId: STREAMS[partition] ?? "", version: position },
    ...{ type: "MoneyDeposited", schemaVersion: 1, recordedAt: new Date(0).toISOString() },
    data: JSON.stringify({ reference: "x".repeat(padding) }),
    meta: JSON.stringify({ actor: { roles: [], userId: randomUUID() }, ledger: 1 }),
  };
}

/** Takes in events for all partitions, as a page that ends at `upTo`. */
function add(queues: Queues, ledger: number, events: readonly StoredEvent[], upTo: number): void {
  const partitions = new Set(STREAMS.keys());
  queues.add({ ledger, after: 0, upTo, partitions }, events);
}

const positions = (batch: readonly { position: number }[]) => batch.map(({ position }) => position);

test("a cursor never passes an event that is not acknowledged", () => {
  const queues = createQueues(PARTITIONS, []);
  add(queues, 1, [event(1, 0), event(2, 1), event(3, 0), event(4, 1)], 5);
  expect(queues.moved()).toEqual([]);
  queues.acknowledged(0, queues.next(0, 1));
  expect(queues.moved()).toEqual([{ ledger: 1, partition: 0, position: 1 }]);
  queues.acknowledged(0, queues.next(0));
  queues.acknowledged(1, queues.next(1, 1));
  expect(queues.moved()).toEqual([
    { ledger: 1, partition: 0, position: 5 },
    { ledger: 1, partition: 1, position: 2 },
  ]);
});

test("what is not acknowledged is next again, in the same order", () => {
  const queues = createQueues(PARTITIONS, []);
  add(queues, 1, [event(1, 0), event(2, 0)], 2);
  expect(positions(queues.next(0))).toEqual([1, 2]);
  add(queues, 1, [event(3, 0)], 3);
  expect(positions(queues.next(0))).toEqual([1, 2, 3]);
  expect(queues.size).toBe(3);
});

test("a partition in which nothing happens goes along with the reading", () => {
  const queues = createQueues(PARTITIONS, []);
  add(queues, 1, [event(1, 0)], 10);
  expect(queues.moved()).toEqual([{ ledger: 1, partition: 1, position: 10 }]);
});

test("reading begins where the last partition was, and repeats nothing of the others", () => {
  const stored: Cursor[] = [
    { ledger: 1, partition: 0, position: 7 },
    { ledger: 1, partition: 1, position: 3 },
  ];
  const queues = createQueues(PARTITIONS, stored);
  const page = queues.plan(1, 8, 100, NONE);
  expect(page).toEqual({ ledger: 1, after: 3, upTo: 7, partitions: new Set([1]) });
  queues.add(page as never, [event(4, 0), event(5, 1), event(7, 0)]);
  const next = queues.plan(1, 8, 100, NONE);
  expect(next).toEqual({ ledger: 1, after: 7, upTo: 8, partitions: new Set([0, 1]) });
  queues.add(next as never, [event(8, 0)]);
  expect(positions(queues.next(0))).toEqual([8]);
  expect(positions(queues.next(1))).toEqual([5]);
  expect(queues.moved()).toEqual([]);
  expect(queues.plan(1, 8, 100, NONE)).toBeUndefined();
});

test("ledgers share a partition and keep their own cursors", () => {
  const queues = createQueues(PARTITIONS, []);
  add(queues, 1, [event(1, 0)], 1);
  add(queues, 2, [event(1, 0), event(2, 0)], 2);
  queues.acknowledged(0, queues.next(0, 2));
  const moved = queues.moved().filter(({ partition }) => partition === 0);
  expect(moved).toEqual([
    { ledger: 1, partition: 0, position: 1 },
    { ledger: 2, partition: 0, position: 1 },
  ]);
});

test("what is saved has not moved any more", () => {
  const queues = createQueues(PARTITIONS, []);
  add(queues, 1, [], 4);
  queues.saved(queues.moved());
  expect(queues.moved()).toEqual([]);
});

test("a send has at most 500 events, and less where they are long", () => {
  const queues = createQueues(PARTITIONS, []);
  const short = Array.from({ length: 600 }, (_, i) => event(i + 1, 0));
  const long = Array.from({ length: 10 }, (_, i) => event(i + 601, 1, 150_000));
  add(queues, 1, [...short, ...long], 610);
  expect(queues.next(0)).toHaveLength(500);
  expect(queues.next(1)).toHaveLength(2);
});

test("an event longer than a send is sent alone, not left out", () => {
  const queues = createQueues(PARTITIONS, []);
  add(queues, 1, [event(1, 0, 900_000), event(2, 0)], 2);
  expect(positions(queues.next(0))).toEqual([1]);
});

test.each([
  ["events", Array.from({ length: 1_000 }, (_, i) => event(i + 1, 0))],
  ["long ones", Array.from({ length: 7 }, (_, i) => event(i + 1, 0, 300_000))],
])("a partition with enough %s to send is waited for, unless it is stuck", (_, events) => {
  const queues = createQueues(PARTITIONS, []);
  add(queues, 1, events, events.length);
  const end = events.length;
  expect(queues.plan(1, end, 100, NONE)).toBeUndefined();
  expect(queues.plan(1, end + 1, 100, NONE)).toBe("full");
  const plan = queues.plan(1, end + 1, 100, new Set([0]));
  expect(plan).toEqual({ ledger: 1, after: end, upTo: end + 1, partitions: new Set([1]) });
});

test("a partition that was left behind gets all that it missed, and nobody anything twice", () => {
  const queues = createQueues(PARTITIONS, []);
  const log = Array.from({ length: 60_000 }, (_, i) => event(i + 1, i % PARTITIONS));
  const sent: number[][] = [[], []];
  const isStuck = () => (sent[1]?.length ?? 0) < 29_000;
  let mostWaiting = 0;
  for (let round = 0; round < 1_000 && sent.flat().length < log.length; round += 1) {
    const plan = queues.plan(1, log.length, 500, isStuck() ? new Set([0]) : NONE);
    if (plan !== undefined && plan !== "full") {
      queues.add(plan, log.slice(plan.after, plan.upTo));
    }
    mostWaiting = Math.max(mostWaiting, queues.size);
    for (const partition of isStuck() ? [1] : [0, 1]) {
      const batch = queues.next(partition);
      sent[partition]?.push(...positions(batch));
      queues.acknowledged(partition, batch);
    }
  }
  const all = (rest: number) => positions(log).filter((position) => position % PARTITIONS === rest);
  expect(sent).toEqual([all(1), all(0)]);
  expect(mostWaiting).toBeLessThan(3_000);
  expect(queues.isUneven).toBe(false);
  expect(queues.moved().map(({ position }) => position)).toEqual([60_000, 60_000]);
});

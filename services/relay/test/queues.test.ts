import { partitionOf } from "@countinghouse/bus";
import { expect, test } from "vitest";
import { createQueues } from "../src/publish/queues.ts";

const PARTITIONS = 2;
/** A stream of each partition. */
const STREAMS = Array.from({ length: PARTITIONS }, (_, partition) => {
  for (let i = 0; ; i += 1) {
    const id = `0198f3d2-0000-8001-8000-${String(i).padStart(12, "0")}`;
    if (partitionOf(id, PARTITIONS) === partition) return id;
  }
});

function line(position: number, partition: number, padding = 0) {
  const streamId = STREAMS[partition] ?? "";
  const json = JSON.stringify({ position, streamId, data: "x".repeat(padding) });
  return { position, streamId, type: "MoneyDeposited", json };
}

const positions = (batch: readonly { position: number }[]) => batch.map(({ position }) => position);

test("a cursor never passes an event that is not acknowledged", () => {
  const queues = createQueues(PARTITIONS, []);
  queues.add(1, [line(1, 0), line(2, 1), line(3, 0), line(4, 1)], 5);
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
  queues.add(1, [line(1, 0), line(2, 0)], 2);
  expect(positions(queues.next(0))).toEqual([1, 2]);
  queues.add(1, [line(3, 0)], 3);
  expect(positions(queues.next(0))).toEqual([1, 2, 3]);
  expect(queues.size).toBe(3);
});

test("a partition in which nothing happens goes along with the reading", () => {
  const queues = createQueues(PARTITIONS, []);
  queues.add(1, [line(1, 0)], 10);
  expect(queues.moved()).toEqual([{ ledger: 1, partition: 1, position: 10 }]);
});

test("reading begins where the last partition was, and repeats nothing of the others", () => {
  const queues = createQueues(PARTITIONS, [
    { ledger: 1, partition: 0, position: 7 },
    { ledger: 1, partition: 1, position: 3 },
  ]);
  expect(queues.readUpTo(1)).toBe(3);
  queues.add(1, [line(4, 0), line(5, 1), line(7, 0), line(8, 0)], 8);
  expect(positions(queues.next(0))).toEqual([8]);
  expect(positions(queues.next(1))).toEqual([5]);
  expect(queues.moved()).toEqual([]);
});

test("a ledger without cursors begins at the beginning", () => {
  expect(createQueues(PARTITIONS, []).readUpTo(9)).toBe(0);
});

test("ledgers share a partition and keep their own cursors", () => {
  const queues = createQueues(PARTITIONS, []);
  queues.add(1, [line(1, 0)], 1);
  queues.add(2, [line(1, 0), line(2, 0)], 2);
  queues.acknowledged(0, queues.next(0, 2));
  const moved = queues.moved().filter(({ partition }) => partition === 0);
  expect(moved).toEqual([
    { ledger: 1, partition: 0, position: 1 },
    { ledger: 2, partition: 0, position: 1 },
  ]);
});

test("what is saved has not moved any more", () => {
  const queues = createQueues(PARTITIONS, []);
  queues.add(1, [], 4);
  queues.saved(queues.moved());
  expect(queues.moved()).toEqual([]);
});

test("a send has at most 500 events, and less where they are long", () => {
  const queues = createQueues(PARTITIONS, []);
  const short = Array.from({ length: 600 }, (_, i) => line(i + 1, 0));
  const long = Array.from({ length: 10 }, (_, i) => line(i + 601, 1, 150_000));
  queues.add(1, [...short, ...long], 610);
  expect(queues.next(0)).toHaveLength(500);
  expect(queues.next(1)).toHaveLength(2);
});

test("an event longer than a send is sent alone, not left out", () => {
  const queues = createQueues(PARTITIONS, []);
  queues.add(1, [line(1, 0, 900_000), line(2, 0)], 2);
  expect(positions(queues.next(0))).toEqual([1]);
});

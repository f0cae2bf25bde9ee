import type { Readable } from "node:stream";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createSessionFeed, type SessionFeed } from "../src/session-feed.ts";

const [A, B] = ["019ab5f0-7c3e-7001-a2b4-5f6e7d8c9b0a", "019ab5f0-7c3e-7001-a2b4-5f6e7d8c9b0b"];

let feed: SessionFeed;
beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval"] });
  feed = createSessionFeed();
});
afterEach(() => {
  feed.stop();
  vi.useRealTimers();
});

/** The lines that have come since the last look. */
function linesOf(stream: Readable): { seq: number; sessions: string[] }[] {
  const text: Buffer | null = stream.read();
  const lines = text?.toString().split("\n") ?? [];
  return lines.filter((line) => line !== "").map((line) => JSON.parse(line));
}

function watched(promise: Promise<void>): { isDone: boolean } {
  const state = { isDone: false };
  promise.then(() => {
    state.isDone = true;
  });
  return state;
}

const settle = () => vi.advanceTimersByTimeAsync(0);

test("a follower hears a line at once and then at least every 500 ms", async () => {
  const lines = feed.follow("one");
  expect(linesOf(lines)).toEqual([{ seq: 0, sessions: [] }]);
  await vi.advanceTimersByTimeAsync(499);
  expect(linesOf(lines)).toEqual([]);
  await vi.advanceTimersByTimeAsync(1);
  expect(linesOf(lines)).toEqual([{ seq: 0, sessions: [] }]);
});

test("without followers a change waits for nobody", async () => {
  await feed.announce(["s1"]);
});

test("a change is done once every follower has taken note of it", async () => {
  const [one, two] = [feed.follow("one"), feed.follow("two")];
  const change = watched(feed.announce(["s1", "s2"]));
  expect(linesOf(one).at(-1)).toEqual({ seq: 1, sessions: ["s1", "s2"] });
  expect(linesOf(two).at(-1)).toEqual({ seq: 1, sessions: ["s1", "s2"] });
  feed.acknowledge("one", 1);
  feed.acknowledge("two", 0);
  await settle();
  expect(change.isDone).toBe(false);
  feed.acknowledge("two", 1);
  await settle();
  expect(change.isDone).toBe(true);
});

test("one note covers all changes up to it, and none after it", async () => {
  feed.follow("one");
  const changes = [1, 2, 3].map((n) => watched(feed.announce([`s${n}`])));
  feed.acknowledge("one", 2);
  await settle();
  expect(changes.map(({ isDone }) => isDone)).toEqual([true, true, false]);
  feed.acknowledge("one", 3);
  await settle();
  expect(changes[2]?.isDone).toBe(true);
});

test("a note that runs ahead says nothing about changes to come", async () => {
  feed.follow("one");
  feed.acknowledge("one", 1_000);
  const change = watched(feed.announce(["s1"]));
  await settle();
  expect(change.isDone).toBe(false);
});

test("a follower that takes no note in two seconds is cut off, and the change done", async () => {
  const [silent, awake] = [feed.follow("silent"), feed.follow("awake")];
  const change = watched(feed.announce(["s1"]));
  feed.acknowledge("awake", 1);
  await vi.advanceTimersByTimeAsync(1_999);
  expect([change.isDone, silent.destroyed]).toEqual([false, false]);
  await vi.advanceTimersByTimeAsync(1);
  expect([change.isDone, silent.destroyed, awake.destroyed]).toEqual([true, true, false]);
  expect(() => feed.acknowledge("silent", 1)).toThrow("not_found");
});

test("a follower that has gone is not waited for", async () => {
  const lines = feed.follow("one");
  const change = watched(feed.announce(["s1"]));
  lines.destroy();
  await settle();
  expect(change.isDone).toBe(true);
  await feed.announce(["s2"]);
});

test("a follower that comes again replaces itself", async () => {
  const before = feed.follow("one");
  const after = feed.follow("one");
  await settle();
  expect([before.destroyed, after.destroyed]).toEqual([true, false]);
  const change = watched(feed.announce(["s1"]));
  await settle();
  expect(change.isDone).toBe(false);
  feed.acknowledge("one", 1);
  await settle();
  expect(change.isDone).toBe(true);
});

test("there is room for 64 followers; the next is told to come again", () => {
  for (let i = 0; i < 64; i += 1) feed.follow(`follower ${i}`);
  expect(() => feed.follow("one more")).toThrow("unavailable");
  feed.follow("follower 63");
});

test("a follower that does not read is cut off before its lines fill the memory", async () => {
  const lines = feed.follow("slow");
  const sessions = Array.from({ length: 200 }, (_, i) => (i % 2 === 0 ? A : B));
  for (let i = 0; i < 200 && !lines.destroyed; i += 1) void feed.announce(sessions);
  expect(lines.destroyed).toBe(true);
});

test("once the feed is stopped a change waits until followers forget by silence", async () => {
  const lines = feed.follow("one");
  feed.stop();
  expect(linesOf(lines)).toEqual([{ seq: 0, sessions: [] }]);
  await settle();
  expect(lines.readableEnded).toBe(true);
  expect(() => feed.follow("two")).toThrow("unavailable");
  const change = watched(feed.announce(["s1"]));
  await vi.advanceTimersByTimeAsync(1_999);
  expect(change.isDone).toBe(false);
  await vi.advanceTimersByTimeAsync(1);
  expect(change.isDone).toBe(true);
});

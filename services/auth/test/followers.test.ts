import type { Readable } from "node:stream";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createFollowers, type Followers } from "../src/changes/followers.ts";

const [A, B] = ["019ab5f0-7c3e-7001-a2b4-5f6e7d8c9b0a", "019ab5f0-7c3e-7001-a2b4-5f6e7d8c9b0b"];

const KEYS = [{ kid: "k", algorithm: "HS256" as const, key: "secret" }];

let followers: Followers;
beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  followers = createFollowers(() => KEYS);
});
afterEach(() => {
  followers.stop();
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

test("a follower hears a line at once, and one whenever there is nothing to tell", () => {
  const lines = followers.follow("one");
  expect(linesOf(lines)).toEqual([{ seq: 0, sessions: [], keys: KEYS }]);
  followers.beat();
  expect(linesOf(lines)).toEqual([{ seq: 0, sessions: [] }]);
});

test("without followers a change waits for nobody", async () => {
  await followers.tell({ sessions: ["s1"] });
});

test("a change is done once every follower has taken note of it", async () => {
  const [one, two] = [followers.follow("one"), followers.follow("two")];
  const change = watched(followers.tell({ sessions: ["s1", "s2"] }));
  expect(linesOf(one).at(-1)).toEqual({ seq: 1, sessions: ["s1", "s2"] });
  expect(linesOf(two).at(-1)).toEqual({ seq: 1, sessions: ["s1", "s2"] });
  followers.acknowledge("one", 1);
  followers.acknowledge("two", 0);
  await settle();
  expect(change.isDone).toBe(false);
  followers.acknowledge("two", 1);
  await settle();
  expect(change.isDone).toBe(true);
});

test("one note covers all changes up to it, and none after it", async () => {
  followers.follow("one");
  const changes = [1, 2, 3].map((n) => watched(followers.tell({ sessions: [`s${n}`] })));
  followers.acknowledge("one", 2);
  await settle();
  expect(changes.map(({ isDone }) => isDone)).toEqual([true, true, false]);
  followers.acknowledge("one", 3);
  await settle();
  expect(changes[2]?.isDone).toBe(true);
});

test("a note that runs ahead says nothing about changes to come", async () => {
  followers.follow("one");
  followers.acknowledge("one", 1_000);
  const change = watched(followers.tell({ sessions: ["s1"] }));
  await settle();
  expect(change.isDone).toBe(false);
});

test("a follower that takes no note in two seconds is cut off, and the change done", async () => {
  const [silent, awake] = [followers.follow("silent"), followers.follow("awake")];
  const change = watched(followers.tell({ sessions: ["s1"] }));
  followers.acknowledge("awake", 1);
  await vi.advanceTimersByTimeAsync(1_999);
  expect([change.isDone, silent.destroyed]).toEqual([false, false]);
  await vi.advanceTimersByTimeAsync(1);
  expect([change.isDone, silent.destroyed, awake.destroyed]).toEqual([true, true, false]);
  expect([followers.acknowledge("silent", 1), followers.acknowledge("awake", 1)]).toEqual([
    false,
    true,
  ]);
});

test("a follower that has gone is not waited for", async () => {
  const lines = followers.follow("one");
  const change = watched(followers.tell({ sessions: ["s1"] }));
  lines.destroy();
  await settle();
  expect(change.isDone).toBe(true);
  await followers.tell({ sessions: ["s2"] });
});

test("a follower that comes again replaces itself", async () => {
  const before = followers.follow("one");
  const after = followers.follow("one");
  await settle();
  expect([before.destroyed, after.destroyed]).toEqual([true, false]);
  const change = watched(followers.tell({ sessions: ["s1"] }));
  await settle();
  expect(change.isDone).toBe(false);
  followers.acknowledge("one", 1);
  await settle();
  expect(change.isDone).toBe(true);
});

test("there is room for 64 followers; the next is told to come again", () => {
  for (let i = 0; i < 64; i += 1) followers.follow(`follower ${i}`);
  expect(() => followers.follow("one more")).toThrow("unavailable");
  followers.follow("follower 63");
});

test("a follower that does not read is cut off before its lines fill the memory", async () => {
  const lines = followers.follow("slow");
  const sessions = Array.from({ length: 200 }, (_, i) => (i % 2 === 0 ? A : B));
  for (let i = 0; i < 200 && !lines.destroyed; i += 1) void followers.tell({ sessions });
  expect(lines.destroyed).toBe(true);
});

test("once all is stopped a change waits until followers forget by silence", async () => {
  const lines = followers.follow("one");
  followers.stop();
  expect(linesOf(lines)).toEqual([{ seq: 0, sessions: [], keys: KEYS }]);
  await settle();
  expect(lines.readableEnded).toBe(true);
  expect(() => followers.follow("two")).toThrow("unavailable");
  const change = watched(followers.tell({ sessions: ["s1"] }));
  await vi.advanceTimersByTimeAsync(1_999);
  expect(change.isDone).toBe(false);
  await vi.advanceTimersByTimeAsync(1);
  expect(change.isDone).toBe(true);
});

import { expect, test, vi } from "vitest";
import { createWaitingRoom, type Look, type Reached } from "../src/consistency/waiting-room.ts";

const A = "019ab5f0-7c3e-8001-a2b4-5f6e7d8c9b0a";
const B = "019ab5f0-7c3e-8001-a2b4-5f6e7d8c9b0b";
const open = new AbortController().signal;
const version = (accountId: string, n: number) => {
  return { kind: "version", accountId, version: n } as const;
};
const versions = (...pairs: [string, number][]): Reached => new Map(pairs);
const NOTHING: Reached = new Map();
const seesNothing: Look = async () => NOTHING;

test("a query without requirements does not wait", async () => {
  const look = vi.fn(seesNothing);
  await createWaitingRoom(look).waitFor([], open);
  expect(look).not.toHaveBeenCalled();
});

test("an applied batch wakes those whose accounts it brings up", async () => {
  const room = createWaitingRoom(seesNothing);
  const done: string[] = [];
  const a = room.waitFor([version(A, 3)], open).then(() => done.push("a"));
  const both = room.waitFor([version(A, 3), version(B, 2)], open).then(() => done.push("both"));
  room.announce(versions([A, 2]));
  room.announce(versions([A, 4]));
  await a;
  expect(done).toEqual(["a"]);
  room.announce(versions([B, 2]));
  await both;
  expect(room.waiters).toBe(0);
});

test("what was announced is remembered, and never goes back", async () => {
  const look = vi.fn(seesNothing);
  const room = createWaitingRoom(look);
  room.announce(versions([A, 4]));
  room.announce(versions([A, 2]));
  await room.waitFor([version(A, 4)], open);
  expect(look).not.toHaveBeenCalled();
});

test("the memory is bounded; what it forgot is looked up", async () => {
  const look = vi.fn<Look>(async () => versions([A, 1]));
  const room = createWaitingRoom(look, { rememberedMax: 1 });
  room.announce(versions([A, 1]));
  room.announce(versions([B, 1]));
  await room.waitFor([version(B, 1)], open);
  expect(look).not.toHaveBeenCalled();
  await room.waitFor([version(A, 1)], open);
  expect(look).toHaveBeenCalledTimes(1);
});

test("all who wait share one look at the database every few milliseconds", async () => {
  let isThere = false;
  const look = vi.fn<Look>(async () => {
    return isThere ? versions([A, 1], [B, 1]) : NOTHING;
  });
  const room = createWaitingRoom(look, { lookEveryMs: 10 });
  const waiting = Array.from({ length: 200 }, (_, i) => {
    return room.waitFor([version(i % 2 === 0 ? A : B, 1)], open);
  });
  await vi.waitFor(() => expect(look.mock.calls.length).toBeGreaterThanOrEqual(3));
  isThere = true;
  await Promise.all(waiting);
  expect(look.mock.calls.length).toBeLessThan(20);
  for (const [ids] of look.mock.calls) expect(ids.length).toBeLessThanOrEqual(2);
});

test("who waits too long is told to ask again", async () => {
  const room = createWaitingRoom(seesNothing, { timeoutMs: 30 });
  const error = await room.waitFor([version(A, 1)], open).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: "unavailable", headers: { "retry-after": "1" } });
  expect(room.waiters).toBe(0);
});

test("a full room sends away the next one", async () => {
  const room = createWaitingRoom(seesNothing, { waitersMax: 2 });
  const waiting = [1, 2].map((n) => room.waitFor([version(A, n)], open));
  await expect(room.waitFor([version(A, 1)], open)).rejects.toMatchObject({ code: "unavailable" });
  room.announce(versions([A, 2]));
  await Promise.all(waiting);
  await room.waitFor([version(A, 2)], open);
});

test("a service that closes lets nobody wait", async () => {
  const closing = new AbortController();
  const room = createWaitingRoom(seesNothing);
  const waiting = room.waitFor([version(A, 1)], closing.signal);
  closing.abort();
  await expect(waiting).rejects.toMatchObject({ code: "unavailable" });
  await expect(room.waitFor([version(A, 1)], closing.signal)).rejects.toThrow();
});

test("a database that is away for a moment only costs time", async () => {
  let asked = 0;
  const room = createWaitingRoom(
    async () => {
      asked += 1;
      if (asked < 3) throw new Error("away");
      return versions([A, 1]);
    },
    { lookEveryMs: 5 },
  );
  await room.waitFor([version(A, 1)], open);
  expect(asked).toBe(3);
});

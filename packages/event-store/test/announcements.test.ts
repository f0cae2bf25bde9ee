import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { createEventStore, type EventStore } from "../src/index.ts";
import { openLog, type TestLog } from "./support/log.ts";

let log: TestLog;
let scope = "";
let [one, other]: EventStore[] = [];
beforeAll(async () => {
  log = await openLog();
});
beforeEach(() => {
  scope = randomUUID();
  [one, other] = [createEventStore(log.command), createEventStore(log.command)];
});
afterAll(() => log.close());

/** Announces these keys, each with how long its command has been under way. */
async function say(store: EventStore | undefined, ages: Record<string, number>) {
  const flights = Object.entries(ages).map(([key, ageMs]) => ({ scope, key, ageMs }));
  const taken = (await store?.announce(flights)) ?? [];
  return taken.map(({ key }) => key).sort();
}

test("a key is taken where its command is the younger one, and only there", async () => {
  expect(await say(one, { a: 300, b: 300, c: 300 })).toEqual([]);
  expect(await say(other, { b: 250, c: 350, d: 250 })).toEqual(["b"]);
  expect(await say(one, { a: 400, b: 400, c: 400 })).toEqual(["c"]);
});

test("of two that are as old as each other one is taken, and always the same", async () => {
  await log.owner.query(
    `INSERT INTO ledger.in_flight
     SELECT $1, 'a', p, '2026-01-01', clock_timestamp()
       FROM unnest(ARRAY[$2, $3]::uuid[]) AS p`,
    [scope, ...["8", "9"].map((digit) => randomUUID().replace(/^./, digit))],
  );
  const verdicts = await log.owner.query(
    `SELECT p.process, t.* FROM (SELECT process FROM ledger.in_flight WHERE scope = $1) AS p,
            ledger.announce(p.process, ARRAY[$1], ARRAY['a'], ARRAY[1.0]) AS t`,
    [scope],
  );
  expect(verdicts.rows.map(({ process }) => process[0])).toEqual(["9"]);
});

test("a key belongs to its caller: the same of another is free", async () => {
  await say(one, { a: 300 });
  expect(await other?.announce([{ scope: randomUUID(), key: "a", ageMs: 200 }])).toEqual([]);
});

test("a key that is announced no more is free, each by itself and all at the end", async () => {
  await say(one, { a: 900, b: 900 });
  await say(one, { b: 950 });
  expect(await say(other, { a: 200, b: 200 })).toEqual(["b"]);
  await say(one, {});
  expect(await say(other, { a: 300, b: 300 })).toEqual([]);
  await say(other, {});
  expect(await rowsLeft()).toBe(0);
});

test("what a process has not said again for two seconds counts no more, and goes", async () => {
  await say(one, { a: 300 });
  const sql = "UPDATE ledger.in_flight SET told_at = told_at - $2::interval WHERE scope = $1";
  await log.owner.query(sql, [scope, "1.5 seconds"]);
  expect(await say(other, { a: 200 })).toEqual(["a"]);
  await log.owner.query(sql, [scope, "2.5 seconds"]);
  expect(await say(other, { a: 400 })).toEqual([]);
  expect(await rowsLeft()).toBe(1);
});

test("many processes that announce the same at once get in nobody's way", async () => {
  const stores = Array.from({ length: 8 }, () => createEventStore(log.command));
  const keys = Array.from({ length: 100 }, () => randomUUID());
  const rounds = stores.map(async (store, i) => {
    for (let round = 0; round < 10; round += 1) {
      const some = keys.filter((_, k) => (k + round) % 3 !== i % 3);
      await say(store, Object.fromEntries(some.map((key) => [key, 300 + i])));
    }
  });
  await Promise.all(rounds);
  const verdicts = await Promise.all(
    stores.map((store, i) => say(store, Object.fromEntries(keys.map((key) => [key, 900 + i])))),
  );
  await Promise.all(stores.map((store) => say(store, {})));
  expect(await rowsLeft()).toBe(0);
  expect(verdicts.flat().length).toBeGreaterThan(0);
});

async function rowsLeft(): Promise<number> {
  const sql = "SELECT count(*)::int AS n FROM ledger.in_flight WHERE scope = $1";
  return (await log.owner.query(sql, [scope])).rows[0].n;
}

import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { createLogger, createPool, isDatabaseAway } from "@countinghouse/service-kit";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createEventStore, type EventStore } from "../src/index.ts";
import { change, decision, eventsOf, headOf, openLog, type TestLog } from "./support/log.ts";

const WAIT_MAX_MS = 5_000;

let log: TestLog;
let store: EventStore;
let pool: pg.Pool;
let admin: pg.Client;
beforeAll(async () => {
  log = await openLog();
  await log.owner.query("INSERT INTO ledger.log_head (ledger_id, name) VALUES (2, 'second')");
  const url = log.databases.urlOf("ledger", "countinghouse_command");
  pool = createPool(url, "command", createLogger("command", { LOG_LEVEL: "silent" } as never));
  store = createEventStore(pool);
  admin = new pg.Client(log.databases.adminUrl("ledger"));
  await admin.connect();
});
afterAll(async () => {
  await admin.end();
  await pool.end();
  await log.close();
});

/** Ends every connection of the command role, as a failing server would. */
async function cutAll(): Promise<void> {
  await admin.query(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE usename = 'countinghouse_command' AND datname = current_database()`,
  );
}

/** Waits until so many connections of the command role wait for a lock. */
async function untilBlocked(count: number): Promise<void> {
  const sql = `SELECT count(*)::int AS n FROM pg_stat_activity
                WHERE usename = 'countinghouse_command' AND datname = current_database()
                  AND wait_event_type = 'Lock'`;
  const until = Date.now() + WAIT_MAX_MS;
  while (Date.now() < until) {
    const { rows } = await admin.query(sql);
    if (rows[0].n >= count) return;
    await delay(5);
  }
  throw new Error(`never were ${count} connections blocked`);
}

/** Holds the head of a ledger, as another writer would, until the given function is called. */
async function holdHead(ledger: number): Promise<() => Promise<void>> {
  const client = await log.owner.connect();
  await client.query("BEGIN");
  await client.query("SELECT 1 FROM ledger.log_head WHERE ledger_id = $1 FOR UPDATE", [ledger]);
  return async () => {
    await client.query("COMMIT");
    client.release();
  };
}

async function failureOf(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => undefined,
    (error: unknown) => error,
  );
}

describe("[S42] a connection that is cut", () => {
  test("between two statements fails their work as a database that is away", async () => {
    const streamId = randomUUID();
    const work = store.locked([1], async (session) => {
      await session.append([decision([change(streamId, 0)])]);
      await cutAll();
      await delay(50);
      await session.append([decision([change(streamId, 1)])]);
    });
    expect(isDatabaseAway(await failureOf(work))).toBe(true);
    expect(await eventsOf(log, streamId)).toEqual([]);
    await store.append([decision([change(streamId, 0)])]);
  });

  test("while an append waits leaves nothing of it", async () => {
    const streamId = randomUUID();
    const release = await holdHead(1);
    const append = failureOf(store.append([decision([change(streamId, 0)])]));
    await untilBlocked(1);
    await cutAll();
    expect(isDatabaseAway(await append)).toBe(true);
    await release();
    expect(await eventsOf(log, streamId)).toEqual([]);
  });

  test("while a read of an answer waits fails that read only", async () => {
    const client = await log.owner.connect();
    await client.query("BEGIN");
    await client.query("LOCK TABLE ledger.idempotency IN ACCESS EXCLUSIVE MODE");
    const read = failureOf(store.findAnswers([{ scope: randomUUID(), key: "k" }]));
    await untilBlocked(1);
    await cutAll();
    expect(isDatabaseAway(await read)).toBe(true);
    await client.query("COMMIT");
    client.release();
    // The pool may give the dying connection once more before it hears of its end.
    await expect
      .poll(() => failureOf(store.findAnswers([{ scope: randomUUID(), key: "k" }])))
      .toBeUndefined();
  });
});

test("a key used at once in two ledgers is refused in one, not a deadlock", async () => {
  const [key, here, there, other] = Array.from({ length: 4 }, () => randomUUID()) as string[];
  const before = await headOf(log, 2);
  const release = await holdHead(2);
  const single = [decision([change(other as string, 0, { ledger: 2 })], { ledger: 2 }, key)];
  const both = [change(here as string, 0), change(there as string, 0, { ledger: 2 })];
  const first = failureOf(store.append(single));
  await untilBlocked(1);
  const second = failureOf(store.append([decision(both, {}, key)]));
  await untilBlocked(2);
  await release();
  const failures = (await Promise.all([first, second])).filter((error) => error !== undefined);
  expect(failures).toMatchObject([{ code: "key_taken" }]);
  expect(await headOf(log, 2)).toBe(before + 1);
});

import { randomUUID } from "node:crypto";
import {
  httpLog,
  NotCommittedError,
  passwordToken,
  postgresStore,
  StopAccountError,
  type SubscribeOptions,
  subscribe,
} from "@countinghouse/client";
import { createDatabases, type TestDatabases } from "@countinghouse/testing";
import pg from "pg";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { openStubBank, type StubBank } from "./support/bank.ts";
import { createEventMaker } from "./support/events.ts";
import { quiet } from "./support/source-contract.ts";
import { storeContract } from "./support/store-contract.ts";

const WITHIN = { timeout: 15_000, interval: 10 };

let databases: TestDatabases;
let pool: pg.Pool;

beforeAll(async () => {
  databases = await createDatabases();
  pool = new pg.Pool({ connectionString: databases.adminUrl("query"), max: 8 });
  await pool.query("CREATE TABLE seen (subscriber text, account_id uuid, version int)");
});
afterAll(async () => {
  await pool.end();
  await databases.drop();
});

async function openStore(subscriber: string = randomUUID()) {
  const store = postgresStore<pg.PoolClient>({ pool, subscriber });
  await store.createTables();
  return store;
}

storeContract("Postgres", () => openStore());

test("tables that many create at once are created once", async () => {
  await pool.query("DROP TABLE countinghouse_accounts, countinghouse_sources");
  await Promise.all(Array.from({ length: 6 }, () => openStore()));
});

test("subscribers of one database do not see each other", async () => {
  const [one, other] = [await openStore(), await openStore()];
  const id = randomUUID();
  await one.transaction(async (_, progress) => {
    await progress.read([id]);
    await progress.write(new Map([[id, { ledger: 1, version: 1, position: 1 }]]));
    await progress.moveTo("log:1", 1n);
  });
  expect(await other.position("log:1")).toBe(0n);
  expect(await other.transaction((_, progress) => progress.read([id]))).toEqual(new Map());
});

test("a commit that the database turns into a rollback is an error", async () => {
  const store = await openStore();
  const attempt = store.transaction(async (client) => {
    await client.query("SELECT 1 / 0").catch(() => undefined);
  });
  await expect(attempt).rejects.toThrow(NotCommittedError);
});

test("a connection that is lost is no part of the pool any more", async () => {
  const store = await openStore();
  const attempt = store.transaction(async (client) => {
    client.on("error", () => undefined);
    await client.query("SELECT pg_terminate_backend(pg_backend_pid())");
  });
  await expect(attempt).rejects.toThrow();
  expect(await store.position("log:1")).toBe(0n);
});

describe("a subscriber whose rows and progress share a transaction", () => {
  let [bank, subscriber] = [undefined as unknown as StubBank, ""];
  beforeEach(async () => {
    bank = await openStubBank();
    subscriber = randomUUID();
  });
  afterEach(() => bank.close());

  async function follow(change: Partial<SubscribeOptions<pg.PoolClient>> = {}) {
    const token = passwordToken({ ...bank, email: "auditor@example.com" });
    return subscribe({
      from: httpLog({ url: bank.url, token }),
      store: await openStore(subscriber),
      onEvent: ({ streamId, version }, client) => insert(client, streamId, version),
      logger: quiet,
      ...change,
    });
  }

  async function insert(client: pg.PoolClient, accountId: string, version: number) {
    const text = "INSERT INTO seen (subscriber, account_id, version) VALUES ($1, $2, $3)";
    await client.query(text, [subscriber, accountId, version]);
  }

  async function rows(): Promise<number[]> {
    const text = "SELECT version FROM seen WHERE subscriber = $1 ORDER BY version";
    const found = await pool.query<{ version: number }>(text, [subscriber]);
    return found.rows.map(({ version }) => version);
  }

  test("has each event once, however often it failed before its commit", async () => {
    const [maker, account] = [createEventMaker(), randomUUID()];
    bank.append(maker.next(account, 5));
    let failures = 2;
    const subscription = await follow({
      async onEvent({ streamId, version }, client) {
        await insert(client, streamId, version);
        if (version === 5 && failures-- > 0) throw new Error("after the insert");
      },
    });
    await expect.poll(rows, WITHIN).toEqual([1, 2, 3, 4, 5]);
    await subscription.stop();
    const again = await follow();
    bank.append(maker.next(account, 1));
    await expect.poll(rows, WITHIN).toEqual([1, 2, 3, 4, 5, 6]);
    await again.stop();
  });

  test("has nothing of an event that it refused, and all of those before it", async () => {
    const [maker, account, other] = [createEventMaker(), randomUUID(), randomUUID()];
    bank.append([...maker.next(account, 3), ...maker.next(other, 1)]);
    const subscription = await follow({
      async onEvent({ streamId, version }, client) {
        await insert(client, streamId, version);
        if (version === 3) throw new StopAccountError("no");
      },
    });
    await expect.poll(rows, WITHIN).toEqual([1, 1, 2]);
    expect(await subscription.stopped()).toMatchObject([{ accountId: account, at: 3 }]);
    await subscription.stop();
  });

  test("stays stopped over a restart, and is released with what it lacks", async () => {
    const [maker, account] = [createEventMaker(), randomUUID()];
    bank.append(maker.next(account, 2));
    const lost = maker.skip(account, 1);
    bank.append(maker.next(account, 1));
    const first = await follow();
    await expect.poll(() => first.stopped(), WITHIN).toHaveLength(1);
    await first.stop();
    const second = await follow();
    bank.append(maker.next(account, 1));
    await expect.poll(() => second.counts().waiting, WITHIN).toBe(1);
    bank.remember(lost.map((event) => ({ ...event, position: 2.5 })));
    expect(await second.release(account)).toBe(true);
    expect(await rows()).toEqual([1, 2, 3, 4, 5]);
    await second.stop();
  });

  test("does not apply an event twice, though two processes get it", async () => {
    const [maker, accounts] = [createEventMaker(), Array.from({ length: 5 }, () => randomUUID())];
    const both = await Promise.all([follow(), follow()]);
    for (let i = 0; i < 20; i += 1) bank.append(accounts.flatMap((id) => maker.next(id, 1)));
    const once = Array.from({ length: 100 }, (_, i) => Math.floor(i / 5) + 1);
    await expect.poll(rows, WITHIN).toEqual(once);
    const counts = both.map((subscription) => subscription.counts());
    await expect.poll(() => sum(both.map((one) => one.counts().repeated)), WITHIN).toBe(100);
    expect(sum(counts.map(({ applied }) => applied))).toBe(100);
    for (const subscription of both) await subscription.stop();
    expect(await rows()).toEqual(once);
  });
});

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, one) => total + one, 0);
}

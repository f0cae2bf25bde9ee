import { randomBytes } from "node:crypto";
import { createHistoryStore, type EventStore } from "@countinghouse/event-store";
import { createMetrics, dayIn } from "@countinghouse/service-kit";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createBatcher } from "../src/batcher.ts";
import { createExecutor } from "../src/executor.ts";
import { createInterestWorker } from "../src/interest/interest-worker.ts";
import { type Bench, openBench } from "./support/in-process.ts";

const ZONE = "Europe/Berlin";
const euros = (value: string) => ({ amount: { value, currency: "EUR" } });

let bank: Bench;
let now: Date;
beforeEach(async () => {
  now = new Date("2026-01-05T12:00:00.000Z");
  bank = await openBench((_, owner) => createHistoryStore(owner, () => now), {
    now: () => now.valueOf(),
  });
});
afterEach(() => bank.close());

async function tariff(interest: object[]): Promise<void> {
  const { body } = await bank.ask("PUT", "/v1/tariff", { body: { fees: [], interest } });
  const path = `/v1/proposals/${body.proposalId}/approve`;
  expect((await bank.ask("POST", path, { as: "second" })).status).toBe(200);
}

async function savings(value: string, type = "savings"): Promise<string> {
  const { body } = await bank.post("/v1/accounts", { type, currency: "EUR" });
  await bank.post(`/v1/accounts/${body.accountId}/deposits`, euros(value));
  return body.accountId;
}

/** A worker as if in a process of its own. */
function worker({ around = (store: EventStore) => store, hasLease = false } = {}) {
  const store = around({ ...bank.deps.store, ...(hasLease && { lease: async () => true }) });
  const deps = { ...bank.deps, store, metrics: createMetrics("command") };
  return createInterestWorker({
    ...{ ...deps, timeZone: ZONE },
    ...createExecutor({ ...deps, batcher: createBatcher(deps) }),
    when: () => ({ now: now.toISOString(), day: dayIn(ZONE, now) }),
  });
}

async function interestOf(accountId: string) {
  const { rows } = await bank.owner.query(
    `SELECT type, data, meta ->> 'correlationId' AS why FROM ledger.events
      WHERE stream_id = $1 AND type LIKE 'Interest%' ORDER BY version`,
    [accountId],
  );
  return rows.map(({ type, data }) => {
    return type === "InterestPosted" ? `${data.month} ${data.amount.value}` : data.carriedOut;
  });
}

const RATE = [{ currency: "EUR", basisPoints: 200 }];

test("months that are over are posted in order, each once, on balances of days", async () => {
  await tariff(RATE);
  const id = await savings("1000.00");
  const checking = await savings("1000.00", "checking");
  // In Berlin it is the 10th already: the day before ends with a thousand.
  now = new Date("2026-01-09T23:00:00.000Z");
  await bank.post(`/v1/accounts/${id}/withdrawals`, euros("400.00"));
  now = new Date("2026-02-15T12:00:00.000Z");
  await bank.post(`/v1/accounts/${id}/deposits`, euros("100.00"));
  now = new Date("2026-03-31T22:00:00.000Z");
  await worker().look();
  // 5 days of 1,000.00 and 22 of 600.00; 14 of 600.00 and 14 of 700.00; 31 of 700.00.
  const [january, february, march] = [
    (5n * 100_000n + 22n * 60_000n) * 200n,
    14n * (60_000n + 70_000n) * 200n,
    31n * 70_000n * 200n,
  ];
  const left = (all: bigint, cents: bigint) => all - cents * 3_650_000n;
  const first = left(january, 100n);
  const second = left(first + february, 99n);
  const third = left(second + march, 119n);
  expect(await interestOf(id)).toEqual([
    ...[String(first), "2026-01 1.00", String(second), "2026-02 0.99"],
    ...[String(third), "2026-03 1.19"],
  ]);
  expect(await interestOf(checking)).toEqual([]);
  await worker({ hasLease: true }).look();
  expect(await interestOf(id)).toHaveLength(6);
});

test("what crashes half way is gone on with by any number, and happens once", async () => {
  await tariff(RATE);
  const ids: string[] = [];
  for (let i = 0; i < 30; i += 1) ids.push(await savings(`${i + 1}00.00`));
  now = new Date("2026-02-01T00:00:00.000Z");
  let appends = 0;
  const failing = (store: EventStore): EventStore => ({
    ...store,
    async append(decisions) {
      appends += 1;
      if (appends > 2) throw Object.assign(new Error("gone"), { code: "ECONNRESET" });
      // Some are in the log, and nobody hears of it.
      await store.append(decisions.slice(0, 7));
      throw Object.assign(new Error("gone"), { code: "ECONNRESET" });
    },
  });
  const broken = worker({ around: failing, hasLease: true });
  await broken.look();
  const many = Array.from({ length: 3 }, () => worker({ hasLease: true }));
  // Of two who send one command at once, one may be told that it is under way.
  await Promise.allSettled(many.map((one) => one.look()));
  await worker({ hasLease: true }).look();
  for (const [i, id] of ids.entries()) {
    const [, posted] = await interestOf(id);
    const parts = BigInt(i + 1) * 10_000n * 27n * 200n;
    const cents = (parts + 1_825_000n) / 3_650_000n;
    expect(posted).toBe(`2026-01 ${(Number(cents) / 100).toFixed(2)}`);
    expect(await interestOf(id)).toHaveLength(2);
  }
  const closed = "SELECT count(*)::int AS n FROM ledger.events WHERE type = 'InterestMonthClosed'";
  expect((await bank.owner.query(closed)).rows).toEqual([{ n: 1 }]);
});

test("an account that cannot be posted keeps its month open, and no other", async () => {
  await tariff(RATE);
  const ids = [await savings("100.00"), await savings("100.00"), await savings("100.00")];
  now = new Date("2026-02-01T00:00:00.000Z");
  const unreadable = (store: EventStore): EventStore => ({
    ...store,
    async savings(slice) {
      const page = await store.savings(slice);
      return page.map((one) =>
        one.accountId === ids[0] ? { ...one, closings: null as never } : one,
      );
    },
  });
  const closed = "SELECT count(*)::int AS n FROM ledger.events WHERE type = 'InterestMonthClosed'";
  await worker({ around: unreadable, hasLease: true }).look();
  const counts = async () => (await Promise.all(ids.map(interestOf))).map(({ length }) => length);
  expect(await counts()).toEqual([0, 2, 2]);
  expect((await bank.owner.query(closed)).rows).toEqual([{ n: 0 }]);
  await worker({ hasLease: true }).look();
  expect(await counts()).toEqual([2, 2, 2]);
  expect((await bank.owner.query(closed)).rows).toEqual([{ n: 1 }]);
});

test("a rate counts from its approval on, and without one nothing is posted", async () => {
  const id = await savings("36500.00");
  now = new Date("2026-01-31T12:00:00.000Z");
  await tariff([{ currency: "EUR", basisPoints: 100 }]);
  now = new Date("2026-02-28T12:00:00.000Z");
  await tariff([]);
  now = new Date("2026-05-02T12:00:00.000Z");
  await worker().look();
  const posted = (await interestOf(id)).filter((text) => text.startsWith("2026"));
  expect(posted).toEqual(["2026-01 1.00", "2026-02 27.00"]);
  expect((await bank.get("/v1/tariff")).body).toEqual({ ledger: 1, fees: [], interest: [] });
});

test("a month that may still get events by the clock of the log is left for later", async () => {
  await tariff(RATE);
  const id = await savings("1000.00");
  now = new Date("2026-02-01T00:00:00.000Z");
  const unsettled = (store: EventStore) => ({ ...store, isSettled: async () => false });
  await worker({ around: unsettled }).look();
  expect(await interestOf(id)).toEqual([]);
  expect(await bank.deps.store.isSettled(new Date(Date.now() - 59_000))).toBe(false);
  expect(await bank.deps.store.isSettled(new Date(Date.now() - 70_000))).toBe(true);
});

test("history is put behind the log and before now, by its owner alone", async () => {
  const id = await savings("1.00");
  const path = `/v1/accounts/${id}/deposits`;
  for (const moment of [new Date("2026-01-05T11:59:59.999Z"), new Date(Date.now() + 60_000)]) {
    now = moment;
    expect((await bank.post(path, euros("1.00"))).status).toBe(500);
  }
  const command = createHistoryStore(bank.pool, () => now);
  const work = command.append([
    {
      ...{ ledger: 1, reads: [], changes: [], cause: { actor: { userId: id, roles: [] } } },
      answer: {
        ...{ scope: randomBytes(4).toString("hex"), key: "k", request: "{}", status: 200 },
        ...{ response: "{}", token: "" },
      },
    } as never,
  ]);
  await expect(work).rejects.toThrow(/permission denied/);
});

import { randomUUID } from "node:crypto";
import { createEventStore } from "@countinghouse/event-store";
import { createMetrics } from "@countinghouse/service-kit";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createBatcher } from "../src/batcher.ts";
import { createExecutor } from "../src/executor.ts";
import { createHoldExpiry } from "../src/hold-expiry.ts";
import {
  anAccount,
  type Caller,
  type CommandServices,
  euros,
  openServices,
} from "./support/command-service.ts";
import { type Bench, openBench } from "./support/in-process.ts";

const CLIENTS = 64;

describe("two services on one log", () => {
  let bank: CommandServices;
  let owner: Caller;
  beforeAll(async () => {
    bank = await openServices(2);
    owner = bank.as("customer");
  });
  afterAll(() => bank.close());

  async function held(value = "40.00", more: object = {}) {
    const accountId = await anAccount(owner, "100.00");
    const path = `/v1/accounts/${accountId}/holds`;
    const { body } = await owner.post(path, { ...euros(value), ...more });
    return { accountId, hold: `/v1/holds/${body.holdId}` };
  }

  const eventsOf = async (accountId: string): Promise<string[]> => {
    const { rows } = await bank.owner.query(
      "SELECT type FROM ledger.events WHERE stream_id = $1 ORDER BY version",
      [accountId],
    );
    return rows.map(({ type }) => type);
  };

  test("[S43] of 64 clients who capture and release one hold at both, one wins", async () => {
    const { accountId, hold } = await held();
    const answers = await Promise.all(
      Array.from({ length: CLIENTS }, (_, i) => {
        const verb = i % 2 === 0 ? "capture" : "release";
        return owner.post(`${hold}/${verb}`, undefined, { service: (i >> 1) % 2 });
      }),
    );
    const [won, ...others] = answers.filter(({ status }) => status < 300);
    expect(others).toEqual([]);
    const lost = answers.filter((answer) => answer !== won);
    expect(new Set(lost.map(({ body }) => body.code))).toEqual(new Set(["hold_not_active"]));
    const last = won?.status === 201 ? "HoldCaptured" : "HoldReleased";
    expect((await eventsOf(accountId)).slice(2)).toEqual(["HoldPlaced", last]);
  });

  test("[S43] of many holds at both services those are placed that are covered", async () => {
    const accountId = await anAccount(owner, "5.00");
    const answers = await Promise.all(
      Array.from({ length: CLIENTS }, (_, i) => {
        const path = `/v1/accounts/${accountId}/holds`;
        return owner.post(path, euros("1.00"), { service: i % 2 });
      }),
    );
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(5);
  });

  test("[S42] a capture to another account moves money in both at once", async () => {
    const { accountId, hold } = await held();
    const other = await anAccount(bank.as("customer"), "1.00");
    const answer = await owner.post(`${hold}/capture`, { toAccountId: other }, { service: 1 });
    expect(answer.body).toMatchObject({ accountId, ...shown("60.00", "60.00"), remaining: zero });
    const { rows } = await bank.owner.query(
      `SELECT DISTINCT data ->> 'transferId' AS id, recorded_at FROM ledger.events
        WHERE type IN ('HoldCaptured', 'CaptureReceived') AND stream_id IN ($1, $2)`,
      [accountId, other],
    );
    expect(rows).toHaveLength(1);
  });

  test("a state of an older form is folded anew, with its holds", async () => {
    const { accountId } = await held();
    await bank.owner.query(
      `UPDATE ledger.streams SET state_schema = 1, state = '{"balance":"999999"}'
        WHERE stream_id = $1`,
      [accountId],
    );
    const path = `/v1/accounts/${accountId}/withdrawals`;
    // Its own cache has it; the other service has never seen the account.
    const tooMuch = await owner.post(path, euros("60.01"), { service: 1 });
    expect(tooMuch.body).toMatchObject({ code: "insufficient_funds" });
    expect((await owner.post(path, euros("60.00"), { service: 1 })).body).toMatchObject(
      shown("40.00", "0.00"),
    );
  });
});

const zero = { value: "0.00", currency: "EUR" };
const shown = (balance: string, available: string) => ({
  balance: { value: balance, currency: "EUR" },
  available: { value: available, currency: "EUR" },
});

describe("holds that are over", () => {
  let bench: Bench;
  beforeAll(async () => {
    bench = await openBench((store) => store);
  });
  afterAll(() => bench.close());

  const HOUR_MS = 3_600_000;
  const at = (hours: number) => new Date(Date.now() + hours * HOUR_MS).toISOString();

  async function account(...ends: string[]): Promise<{ accountId: string; holds: string[] }> {
    const { body } = await bench.post("/v1/accounts", { type: "checking", currency: "EUR" });
    const path = `/v1/accounts/${body.accountId}`;
    await bench.post(`${path}/deposits`, euros("100.00"));
    const holds: string[] = [];
    for (const expiresAt of ends) {
      const answer = await bench.post(`${path}/holds`, { ...euros("10.00"), expiresAt });
      holds.push(answer.body.holdId);
    }
    return { accountId: body.accountId, holds };
  }

  /** A worker of another process, whose clock shows that time. */
  function worker(now: string, store = bench.deps.store) {
    const metrics = createMetrics("command");
    const deps = { ...bench.deps, store, metrics, when: () => ({ now, day: now.slice(0, 10) }) };
    const batcher = createBatcher({ ...deps, metrics: createMetrics("command") });
    return createHoldExpiry({ ...deps, ...createExecutor({ ...deps, batcher }) });
  }

  const expiries = async (accountId: string) => {
    const { rows } = await bench.owner.query(
      `SELECT data ->> 'holdId' AS id, data ->> 'expiredAt' AS at FROM ledger.events
        WHERE type = 'HoldExpired' AND stream_id = $1 ORDER BY version`,
      [accountId],
    );
    return rows;
  };

  test("are said to be over by one worker or by two, once, with the time of the hold", async () => {
    const [first, second, third] = [at(1), at(2), at(9)];
    const { accountId, holds } = await account(first, second, third);
    const later = at(3);
    const workers = [worker(later), worker(later), worker(later)];
    await Promise.all(workers.map((one) => one.look()));
    // One that begins again has nothing to do; nor have those who have looked before.
    await worker(later).look();
    for (const one of workers) await one.look();
    expect(await expiries(accountId)).toEqual([
      { id: holds[0], at: first },
      { id: holds[1], at: second },
    ]);
    const capture = await bench.post(`/v1/holds/${holds[0]}/capture`, {});
    expect(capture.body).toMatchObject({ code: "hold_not_active" });
    const spent = await bench.post(`/v1/accounts/${accountId}/withdrawals`, euros("90.00"));
    expect(spent.body).toMatchObject(shown("10.00", "0.00"));
  });

  test("that were captured or given back are none of the worker's business", async () => {
    const { accountId, holds } = await account(at(1), at(1));
    await bench.post(`/v1/holds/${holds[0]}/capture`, {});
    await bench.post(`/v1/holds/${holds[1]}/release`);
    await worker(at(2)).look();
    expect(await expiries(accountId)).toEqual([]);
    const { rows } = await bench.owner.query(
      "SELECT key FROM ledger.idempotency WHERE key = ANY ($1)",
      [holds.map((id) => `expire ${id}`)],
    );
    expect(rows).toEqual([]);
  });

  test("are left to the process that has the lease, until that is over", async () => {
    const { accountId } = await account(at(1));
    const other = createEventStore(bench.pool);
    await bench.deps.store.lease("hold-expiry", 0);
    expect(await other.lease("hold-expiry", 60_000)).toBe(true);
    await worker(at(2)).look();
    expect(await expiries(accountId)).toEqual([]);
    await other.lease("hold-expiry", 0);
    await worker(at(2)).look();
    expect(await expiries(accountId)).toHaveLength(1);
  });

  test("are looked for from where the worker before this one had come to", async () => {
    const { store } = bench.deps;
    const asked: string[] = [];
    const noting = {
      ...store,
      lease: async () => true,
      findOverdueHolds(...slice: Parameters<typeof store.findOverdueHolds>) {
        asked.push(slice[0]);
        return store.findOverdueHolds(...slice);
      },
    };
    const [first, ahead, second] = [at(400), at(450), at(500)];
    const held = { ...store, lease: async () => true };
    await worker(first, { ...held, isSettled: async () => true }).look();
    // The database's clock does not show that time yet: it is not noted.
    await worker(ahead, held).look();
    await worker(second, noting).look();
    expect(asked).toEqual([new Date(Date.parse(first) - 120_000).toISOString()]);
  });

  test("are said to be over though the worker failed half way", async () => {
    const { accountId } = await account(at(1));
    let isBroken = true;
    const store = createBrokenOnce(() => isBroken);
    const later = at(2);
    const deps = { ...bench.deps, store, when: () => ({ now: later, day: later.slice(0, 10) }) };
    const batcher = createBatcher({ ...deps, metrics: createMetrics("command") });
    const executor = createExecutor({ ...deps, batcher });
    const metrics = createMetrics("command");
    const failing = createHoldExpiry({ ...deps, ...executor, metrics });
    await expect(failing.look()).rejects.toThrow();
    expect(await expiries(accountId)).toEqual([]);
    isBroken = false;
    await failing.look();
    expect(await expiries(accountId)).toHaveLength(1);
  });

  function createBrokenOnce(isBroken: () => boolean): ReturnType<typeof createEventStore> {
    const { store } = bench.deps;
    return {
      ...store,
      append: (decisions) => {
        if (isBroken()) throw Object.assign(new Error("away"), { code: "ECONNRESET" });
        return store.append(decisions);
      },
    };
  }

  test("make way for who spends, at the time of the command and with no worker", async () => {
    const soon = new Date(Date.now() + 150).toISOString();
    const { accountId, holds } = await account(soon);
    await untilPast(soon);
    const path = `/v1/accounts/${accountId}/withdrawals`;
    const answer = await bench.post(path, euros("100.00"), randomUUID());
    expect(answer.body).toMatchObject({ version: 5, ...shown("0.00", "0.00") });
    expect(await expiries(accountId)).toEqual([{ id: holds[0], at: soon }]);
  });

  async function untilPast(moment: string): Promise<void> {
    while (new Date().toISOString() <= moment) await new Promise((done) => setTimeout(done, 20));
  }
});

import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  anAccount,
  type Caller,
  type CommandServices,
  euros,
  eventCount,
  openServices,
  type Told,
} from "./support/command-service.ts";
import { blocked, cutConnections, holdHead } from "./support/faults.ts";

let bank: CommandServices;
let caller: Caller;
beforeAll(async () => {
  bank = await openServices(2);
  caller = bank.as("customer");
});
afterAll(() => bank.close());

const deposits = (id: string) => `/v1/accounts/${id}/deposits`;
const withdrawals = (id: string) => `/v1/accounts/${id}/withdrawals`;

function expectReplay(again: Told, first: Told): void {
  expect([again.status, again.text]).toEqual([first.status, first.text]);
  expect(again.headers.get("idempotency-replayed")).toBe("true");
  expect(again.headers.get("consistency-token")).toBe(first.headers.get("consistency-token"));
  expect(first.headers.get("idempotency-replayed")).toBeNull();
}

describe("[S42] a key", () => {
  test("gives the first answer for ever, at any instance", async () => {
    const [id, key] = [await anAccount(caller), randomUUID()];
    const first = await caller.post(deposits(id), euros("1.00"), { key });
    await caller.post(deposits(id), euros("5.00"));
    const before = await eventCount(bank);
    for (const service of [0, 1, 1]) {
      expectReplay(await caller.post(deposits(id), euros("1.00"), { key, service }), first);
    }
    expect(await eventCount(bank)).toBe(before);
  });

  test("gives a refusal again though its reason has gone, a missing account too", async () => {
    const [id, key, other] = [await anAccount(caller), randomUUID(), randomUUID()];
    const refused = await caller.post(withdrawals(id), euros("5.00"), { key });
    const missing = await caller.post(deposits(randomUUID()), euros("1.00"), { key: other });
    expect([refused.status, missing.status]).toEqual([422, 404]);
    await caller.post(deposits(id), euros("9.00"));
    expectReplay(await caller.post(withdrawals(id), euros("5.00"), { key, service: 1 }), refused);
  });

  test("belongs to one request: the first difference is pointed at", async () => {
    const [id, key] = [await anAccount(caller), randomUUID()];
    await caller.post(deposits(id), { ...euros("1.00"), reference: "a" }, { key });
    const tries: [path: string, body: object, pointer: string][] = [
      [deposits(id), { ...euros("2.00"), reference: "b" }, "/amount/value"],
      [deposits(id), { ...euros("1.00"), reference: "b" }, "/reference"],
      [deposits(id), euros("1.00"), "/reference"],
      [withdrawals(id), { ...euros("1.00"), reference: "a" }, ""],
    ];
    for (const [path, body, pointer] of tries) {
      const { status, body: problem } = await caller.post(path, body, { key });
      expect([status, problem.code]).toEqual([422, "idempotency_key_reused"]);
      expect(problem.errors[0].path).toBe(pointer);
    }
  });

  test("is kept by no request that is malformed, nor has one an effect", async () => {
    const [id, key] = [await anAccount(caller), randomUUID()];
    const before = await eventCount(bank);
    const bad: [body: object, pointer: string][] = [
      [euros("0.00"), "/amount/value"],
      [euros("1.001"), "/amount/value"],
      [euros("-1"), "/amount/value"],
      [euros("1000000000000000"), "/amount/value"],
      [{ amount: { value: "1", currency: "ZZZ" } }, "/amount/currency"],
      [{ amount: { value: 1, currency: "EUR" } }, "/amount/value"],
      [{ ...euros("1.00"), reference: "" }, "/reference"],
      [{ ...euros("1.00"), reference: "a\u0000b" }, "/reference"],
      [{ ...euros("1.00"), reference: "x".repeat(141) }, "/reference"],
      [{ ...euros("1.00"), more: 1 }, "/more"],
      [{}, "/amount"],
    ];
    for (const [body, pointer] of bad) {
      const answer = await caller.post(deposits(id), body, { key });
      expect([answer.status, answer.body.errors[0].path]).toEqual([400, pointer]);
    }
    for (const not of ["", "ü", "x".repeat(129)]) {
      const { status } = await caller.post(deposits(id), euros("1.00"), { key: not });
      expect(status).toBe(400);
    }
    expect(await eventCount(bank)).toBe(before);
    expect((await caller.post(deposits(id), euros("1.00"), { key })).status).toBe(201);
  });

  test("is free after a 400 and a 403, and another caller's is another", async () => {
    const [id, key] = [await anAccount(caller), randomUUID()];
    expect((await caller.post(deposits(id), euros("0"), { key })).status).toBe(400);
    const freeze = `/v1/accounts/${id}/freeze`;
    expect((await caller.post(freeze, { reason: "x" }, { key })).status).toBe(403);
    expect((await caller.post(deposits(id), euros("1.00"), { key })).status).toBe(201);
    const other = bank.as("customer");
    const theirs = await anAccount(other);
    expect((await other.post(deposits(theirs), euros("1.00"), { key })).status).toBe(201);
  });

  test("sent many times at once, at both instances, has one effect and one answer", async () => {
    const [id, key] = [await anAccount(caller), randomUUID()];
    const before = await eventCount(bank);
    const answers = await Promise.all(
      Array.from({ length: 40 }, (_, i) => {
        return caller.post(deposits(id), euros("1.00"), { key, service: i % 2 });
      }),
    );
    const running = answers.filter(({ status }) => status === 409);
    for (const { headers } of running) expect(headers.get("retry-after")).toBe("1");
    const done = answers.filter(({ status }) => status === 201);
    expect(done.length + running.length).toBe(40);
    expect(new Set(done.map(({ text }) => text)).size).toBe(1);
    expect(done.filter(({ headers }) => !headers.has("idempotency-replayed"))).toHaveLength(1);
    expect(await eventCount(bank)).toBe(before + 1);
  });
});

test("[S42] a key whose command still runs is told to wait, then has its answer", async () => {
  const [id, key] = [await anAccount(caller), randomUUID()];
  const release = await holdHead(bank.owner);
  const first = caller.post(deposits(id), euros("1.00"), { key });
  await expect.poll(() => blocked(bank.owner)).toBe(1);
  const meanwhile = await caller.post(deposits(id), euros("1.00"), { key });
  expect([meanwhile.status, meanwhile.body.code]).toEqual([409, "idempotency_key_in_flight"]);
  expect(meanwhile.headers.get("retry-after")).toBe("1");
  await release();
  const done = await first;
  expectReplay(await caller.post(deposits(id), euros("1.00"), { key }), done);
});

describe("two instances on one log", () => {
  test("[S43] of 200 withdrawals at once only the covered ones succeed, none fails", async () => {
    const id = await anAccount(caller, "50.00");
    const answers = await Promise.all(
      Array.from({ length: 200 }, (_, i) => {
        return caller.post(withdrawals(id), euros("1.00"), { service: i % 2 });
      }),
    );
    const by = (status: number) => answers.filter((answer) => answer.status === status);
    expect([by(201).length, by(422).length]).toEqual([50, 150]);
    const versions = by(201).map(({ body }) => body.version as number);
    expect(versions.sort((a, b) => a - b)).toEqual(Array.from({ length: 50 }, (_, i) => i + 3));
  });

  test("one whose cache is stale neither refuses nor pays wrongly", async () => {
    const id = await anAccount(caller, "1.00");
    await caller.post(withdrawals(id), euros("1.00"), { service: 0 });
    await caller.post(deposits(id), euros("5.00"), { service: 1 });
    expect((await caller.post(withdrawals(id), euros("5.00"), { service: 0 })).status).toBe(201);
    const refused = await caller.post(withdrawals(id), euros("0.01"), { service: 1 });
    expect([refused.status, refused.body.code]).toEqual([422, "insufficient_funds"]);
  });

  test("a thousand deposits at once are appended in far fewer transactions", async () => {
    const id = await anAccount(caller);
    const answers = await Promise.all(
      Array.from({ length: 1_000 }, () => caller.post(deposits(id), euros("0.01"))),
    );
    expect(answers.every(({ status }) => status === 201)).toBe(true);
    const sql =
      "SELECT count(DISTINCT recorded_at)::int AS n FROM ledger.events WHERE stream_id = $1";
    const { rows } = await bank.owner.query(sql, [id]);
    expect(rows[0].n).toBeLessThan(500);
    const last = await caller.post(deposits(id), euros("0.01"));
    expect(last.body.balance.value).toBe("10.01");
  });
});

test("a connection cut in the middle costs a 503 at most; the retry answers once", async () => {
  const id = await anAccount(caller);
  const keys = Array.from({ length: 60 }, () => randomUUID());
  const release = await holdHead(bank.owner);
  const sent = keys.map((key) => caller.post(deposits(id), euros("1.00"), { key }));
  await expect.poll(() => blocked(bank.owner)).toBe(1);
  expect(await cutConnections(bank.databases)).toBeGreaterThan(0);
  await release();
  const first = await Promise.all(sent);
  expect(first.some(({ status }) => status === 503)).toBe(true);
  for (const { status } of first) expect([201, 503]).toContain(status);
  for (const key of keys) {
    // A connection may be found dead by the retry, too; that is a 503 again.
    const retry = async () => (await caller.post(deposits(id), euros("1.00"), { key })).status;
    await expect.poll(retry).toBe(201);
  }
  const last = await caller.post(deposits(id), euros("1.00"));
  expect(last.body.balance.value).toBe("61.00");
});

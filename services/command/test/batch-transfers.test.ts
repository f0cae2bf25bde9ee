import { randomUUID } from "node:crypto";
import { createConsistencyTokens } from "@countinghouse/service-kit";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  anAccount,
  type Caller,
  type CommandServices,
  euros,
  eventCount,
  openServices,
  TOKEN_KEY,
} from "./support/command-service.ts";

let bank: CommandServices;
let caller: Caller;
beforeAll(async () => {
  bank = await openServices();
  caller = bank.as("customer");
});
afterAll(() => bank.close());

const pay = (fromAccountId: string, toAccountId: string, value: string) => {
  return { fromAccountId, toAccountId, ...euros(value) };
};

function send(mode: string, transfers: object[], key?: string) {
  const options = key === undefined ? {} : { key };
  return caller.post("/v1/transfers/batch", { mode, transfers }, options);
}

const statuses = (body: { results: { status: string }[] }) => body.results.map((r) => r.status);

test("independent transfers build on each other, each refused for itself", async () => {
  const [a, b] = [await anAccount(caller, "10.00"), await anAccount(caller)];
  const list = [pay(a, b, "6.00"), pay(a, b, "5.00"), pay(b, a, "6.00"), pay(a, b, "10.00")];
  const { status, body } = await send("independent", list);
  expect(status).toBe(200);
  expect(statuses(body)).toEqual(["done", "refused", "done", "done"]);
  expect(body.results[1].code).toBe("insufficient_funds");
});

test("[S42] an atomic batch with one refusal in it leaves no event", async () => {
  const [a, b] = [await anAccount(caller, "10.00"), await anAccount(caller)];
  const before = await eventCount(bank);
  const { body } = await send("atomic", [pay(a, b, "9.00"), pay(a, b, "2.00"), pay(a, b, "1.00")]);
  expect(statuses(body)).toEqual(["not_executed", "refused", "not_executed"]);
  expect(await eventCount(bank)).toBe(before);
});

test("[S14] another's account is not paid from, a missing one is missing", async () => {
  const theirs = await anAccount(bank.as("customer"), "10.00");
  const mine = await anAccount(caller, "10.00");
  const list = [
    pay(theirs, mine, "1.00"),
    pay(mine, randomUUID(), "1.00"),
    pay(mine, mine, "1.00"),
  ];
  const { body } = await send("independent", list);
  const codes = body.results.map((result: { code?: string }) => result.code);
  expect(codes).toEqual(["not_found", "not_found", "same_account"]);
});

test("a thousand transfers are one append, and their token names just its events", async () => {
  const from = await anAccount(caller, "100.00");
  const others = await Promise.all(Array.from({ length: 20 }, () => anAccount(caller)));
  const list = Array.from({ length: 1_000 }, (_, i) => pay(from, others[i % 20] ?? "", "0.01"));
  const before = await eventCount(bank);
  const { body, headers } = await send("independent", list);
  expect(new Set(statuses(body))).toEqual(new Set(["done"]));
  const token = headers.get("consistency-token") ?? "";
  expect(token.length).toBeLessThanOrEqual(200);
  const tokens = createConsistencyTokens(Buffer.from(TOKEN_KEY, "base64url"));
  expect(tokens.read(token)).toEqual([
    { kind: "range", ledger: 1, first: before + 1, count: 2_000 },
  ]);
  const sql = "SELECT count(DISTINCT recorded_at)::int AS n FROM ledger.events WHERE position > $1";
  expect((await bank.owner.query(sql, [before])).rows[0].n).toBe(1);
});

test("large batches beside small commands keep every token right", async () => {
  const others = await Promise.all(Array.from({ length: 6 }, () => anAccount(caller)));
  const from = await anAccount(caller, "100.00");
  const batch = () =>
    send(
      "atomic",
      others.map((to) => pay(from, to, "0.01")),
    );
  const deposit = () => caller.post(`/v1/accounts/${from}/deposits`, euros("0.01"));
  const answers = await Promise.all(
    Array.from({ length: 30 }, (_, i) => (i % 3 ? deposit() : batch())),
  );
  const tokens = createConsistencyTokens(Buffer.from(TOKEN_KEY, "base64url"));
  for (const { status, body, headers } of answers.filter((answer) => answer.status === 200)) {
    expect(status).toBe(200);
    const [range] = tokens.read(headers.get("consistency-token") ?? "");
    if (range?.kind !== "range") throw new Error("no range");
    const sql = `SELECT DISTINCT data ->> 'transferId' AS id FROM ledger.events
                  WHERE position >= $1 AND position < $2 AND ledger_id = 1`;
    const { rows } = await bank.owner.query(sql, [range.first, range.first + range.count]);
    const ids = body.results.map((result: { transferId: string }) => result.transferId);
    expect(rows.map(({ id }) => id).sort()).toEqual(ids.sort());
  }
});

test("a batch sent again is answered again; another list under its key is pointed at", async () => {
  const [a, b] = [await anAccount(caller, "10.00"), await anAccount(caller)];
  const key = randomUUID();
  const first = await send("atomic", [pay(a, b, "1.00"), pay(a, b, "2.00")], key);
  const again = await send("atomic", [pay(a, b, "1.00"), pay(a, b, "2.00")], key);
  expect([again.text, again.headers.get("idempotency-replayed")]).toEqual([first.text, "true"]);
  const other = await send("atomic", [pay(a, b, "1.00"), pay(a, b, "3.00")], key);
  expect(other.body.errors[0].path).toBe("/transfers/1/amount/value");
});

test("[S28] a bad amount inside answers 400 and says where; 1001 are too many", async () => {
  const [a, b] = [await anAccount(caller, "10.00"), await anAccount(caller)];
  const bad = await send("independent", [pay(a, b, "1.00"), pay(a, b, "0.00")]);
  expect([bad.status, bad.body.errors[0].path]).toEqual([400, "/transfers/1/amount/value"]);
  expect((await send("atomic", [])).status).toBe(400);
  expect((await send("atomic", Array(1_001).fill(pay(a, b, "0.01")))).status).toBe(400);
});

import { makeLedgerId } from "@countinghouse/domain";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  anAccount,
  type Caller,
  type CommandServices,
  euros,
  openServices,
} from "./support/command-service.ts";

let bank: CommandServices;
let owner: Caller;
let teller: Caller;
let second: Caller;
beforeAll(async () => {
  bank = await openServices(2);
  [owner, teller, second] = [bank.as("customer"), bank.as("teller"), bank.as("teller")];
});
afterAll(() => bank.close());

const get = (by: Caller, path: string) => by.post(path, undefined, { method: "GET" });
const money = (value: string) => euros(value).amount;
const FEES = [
  { on: "transfer", currency: "EUR", fixed: money("0.10"), basisPoints: 50, max: money("1.00") },
  { on: "withdrawal", currency: "EUR", basisPoints: 100, min: money("0.20") },
];

async function charge(fees: object[], service = 0): Promise<void> {
  const { body } = await teller.post("/v1/tariff", { fees }, { method: "PUT", service });
  const path = `/v1/proposals/${body.proposalId}/approve`;
  expect((await second.post(path, undefined, { service })).status).toBe(200);
}

async function eventsOf(accountId: string) {
  const { rows } = await bank.owner.query(
    `SELECT type, data ->> 'transactionId' AS id, data ->> 'chargedFor' AS "for",
            data -> 'balanceAfter' ->> 'value' AS balance, recorded_at AS at
       FROM ledger.events WHERE stream_id = $1 ORDER BY version`,
    [accountId],
  );
  return rows;
}

test("a tariff of one service holds for the next command at the other", async () => {
  const accountId = await anAccount(owner, "100.00");
  const withdraw = () => {
    const path = `/v1/accounts/${accountId}/withdrawals`;
    return owner.post(path, euros("10.00"), { service: 1 });
  };
  expect((await withdraw()).body).toMatchObject({ version: 3, balance: money("90.00") });
  await charge(FEES, 0);
  expect((await withdraw()).body).toMatchObject({ version: 5, balance: money("79.80") });
  await charge([], 0);
  expect((await withdraw()).body).toMatchObject({ version: 6, balance: money("69.80") });
});

test("[S42] a fee is charged in the append of its transfer, alone and in batches", async () => {
  await charge(FEES);
  const [from, to] = [await anAccount(owner, "100.00"), await anAccount(owner)];
  const parties = { fromAccountId: from, toAccountId: to };
  const { body } = await owner.post("/v1/transfers", { ...parties, ...euros("20.00") });
  expect(body).toMatchObject({ from: { version: 4, balance: money("79.80") }, to: { version: 2 } });
  const transfers = ["30.00", "49.56", "49.55"].map((value) => ({ ...parties, ...euros(value) }));
  const batch = await owner.post("/v1/transfers/batch", { mode: "independent", transfers });
  const codes = batch.body.results.map(
    ({ status, code }: Record<string, string>) => code ?? status,
  );
  expect(codes).toEqual(["done", "insufficient_funds", "insufficient_funds"]);
  const events = await eventsOf(from);
  expect(events.slice(2).map(({ type, balance }) => `${type} ${balance}`)).toEqual([
    "TransferSent 80.00",
    "FeeCharged 79.80",
    "TransferSent 49.80",
    "FeeCharged 49.55",
  ]);
  for (const fee of events.filter(({ type }) => type === "FeeCharged")) {
    const posting = events.find(({ id }) => id === fee.for);
    expect(posting?.at).toEqual(fee.at);
  }
  await charge([]);
});

test("the table of a ledger is shown, and what waits for a decision", async () => {
  const { body } = await teller.post("/v1/tariff", { fees: FEES }, { method: "PUT" });
  const own = await teller.post(`/v1/proposals/${body.proposalId}/approve`);
  expect(own.body.code).toBe("self_approval");
  const waiting = await get(teller, "/v1/tariff/proposals");
  expect(waiting.body).toMatchObject({
    items: [
      { proposalId: body.proposalId, kind: "tariff", status: "open", tariff: { fees: FEES } },
    ],
    nextCursor: null,
  });
  expect((await get(owner, "/v1/tariff")).body).toEqual({ ledger: 1, fees: [] });
  const done = await second.post(`/v1/proposals/${body.proposalId}/approve`);
  expect(done.body).toMatchObject({ ledger: 1, kind: "tariff", status: "approved" });
  expect((await get(owner, "/v1/tariff")).body).toEqual({ ledger: 1, fees: FEES });
  expect((await get(teller, "/v1/tariff/proposals")).body.items).toEqual([]);
  expect((await get(owner, "/v1/tariff?ledger=4000")).status).toBe(404);
  expect((await get(owner, "/v1/tariff/proposals")).status).toBe(403);
  const elsewhere = { ledger: 4_000, fees: [] };
  expect((await teller.post("/v1/tariff", elsewhere, { method: "PUT" })).status).toBe(404);
  await charge([]);
});

const [EUR, YEN] = [
  { on: "transfer", currency: "EUR" },
  { value: "1", currency: "JPY" },
];
const WRONG: [string, object[], string][] = [
  ["without a price", [EUR], "/fees/0"],
  ["twice for the same", [FEES[0] as object, FEES[0] as object], "/fees/1"],
  ["in another currency", [{ ...EUR, fixed: YEN }], "/fees/0/fixed"],
  ["with bounds that cross", [{ ...FEES[1], max: money("0.10") }], "/fees/0/max"],
  ["with too many decimals", [{ ...EUR, fixed: money("0.001") }], "/fees/0/fixed/value"],
];

test.each(WRONG)("a rule %s is pointed at where it stands", async (_, fees, path) => {
  const answer = await teller.post("/v1/tariff", { fees }, { method: "PUT" });
  expect([answer.status, answer.body.errors[0].path]).toEqual([400, path]);
});

test("[S63] a posting is corrected by two people, once, with its reason and its link", async () => {
  const accountId = await anAccount(owner, "100.00");
  const path = `/v1/accounts/${accountId}/adjustments`;
  const slip = { direction: "debit", ...euros("5.00"), reason: "keyed twice", corrects: 2 };
  expect((await owner.post(path, slip)).status).toBe(403);
  for (const corrects of [1, 9]) {
    expect((await teller.post(path, { ...slip, corrects })).status).toBe(404);
  }
  const { status, body } = await teller.post(path, slip);
  expect(status).toBe(202);
  const judge = (by: Caller, i = 0) => {
    return by.post(`/v1/proposals/${body.proposalId}/approve`, undefined, { service: i % 2 });
  };
  expect((await judge(teller)).body.code).toBe("self_approval");
  const answers = await Promise.all(Array.from({ length: 12 }, (_, i) => judge(second, i)));
  const done = answers.filter((answer) => answer.status === 200);
  expect(done).toHaveLength(1);
  const events = await eventsOf(accountId);
  expect(events.slice(2).map(({ type, balance }) => [type, balance])).toEqual([
    ["AdjustmentProposed", null],
    ["AdjustmentApproved", null],
    ["MoneyAdjusted", "95.00"],
  ]);
  expect(done[0]?.body).toMatchObject({
    ...{ kind: "adjustment", status: "approved", accountId },
    adjustment: { direction: "debit", corrects: { version: 2, transactionId: events[1]?.id } },
  });
});

test("[S63] of two corrections of a posting one is made, none of what was reversed", async () => {
  const [accountId, other] = [await anAccount(owner, "100.00"), await anAccount(owner)];
  const path = `/v1/accounts/${accountId}/adjustments`;
  const slip = { direction: "debit", ...euros("5.00"), reason: "keyed twice", corrects: 2 };
  const both = await Promise.all([0, 1].map((service) => teller.post(path, slip, { service })));
  expect(both.map(({ status, body }) => body.code ?? status).sort()).toEqual([
    202,
    "already_corrected",
  ]);
  const { proposalId } = both.find(({ status }) => status === 202)?.body ?? {};
  expect((await second.post(`/v1/proposals/${proposalId}/approve`)).status).toBe(200);
  const again = await teller.post(path, slip, { service: 1 });
  expect([again.status, again.body.code]).toEqual([422, "already_corrected"]);
  const parties = { fromAccountId: accountId, toAccountId: other };
  const sent = await owner.post("/v1/transfers", { ...parties, ...euros("7.00") });
  const { transferId, from } = sent.body;
  const undone = await teller.post(`/v1/transfers/${transferId}/reversal`, { reason: "wrong" });
  expect(undone.status).toBe(201);
  const late = await teller.post(path, { ...slip, corrects: from.version });
  expect(late.body.code).toBe("already_reversed");
});

test("what is read of a tariff comes in pages, and by a token that can be read", async () => {
  for (const _ of [1, 2]) await teller.post("/v1/tariff", { fees: FEES }, { method: "PUT" });
  const path = "/v1/tariff/proposals?limit=1";
  const first = (await get(teller, path)).body;
  const next = (await get(teller, `${path}&cursor=${first.nextCursor}`)).body;
  const ids = [...first.items, ...next.items].map(({ proposalId }) => proposalId);
  expect([new Set(ids).size, next.nextCursor]).toEqual([2, null]);
  for (const id of ids) expect((await second.post(`/v1/proposals/${id}/reject`)).status).toBe(200);
  expect((await get(teller, `${path}&cursor=x`)).status).toBe(400);
  for (const at of ["/v1/tariff", path]) {
    const answer = await teller.post(at, undefined, { method: "GET", token: "no token" });
    expect(answer.status).toBe(400);
  }
});

test("a proposal that nobody made is not there", async () => {
  const unknown = makeLedgerId(1, 1, new Uint8Array(8));
  expect((await second.post(`/v1/proposals/${unknown}/approve`)).status).toBe(404);
});

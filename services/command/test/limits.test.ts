import { afterAll, beforeAll, expect, test } from "vitest";
import { createClock } from "../src/clock.ts";
import {
  anAccount,
  type Caller,
  type CommandServices,
  euros,
  openServices,
} from "./support/command-service.ts";

const CLIENTS = 64;

let bank: CommandServices;
let owner: Caller;
let teller: Caller;
let second: Caller;
beforeAll(async () => {
  bank = await openServices(2);
  [owner, teller, second] = [bank.as("customer"), bank.as("teller"), bank.as("teller")];
});
afterAll(() => bank.close());

const money = (value: string) => euros(value).amount;

async function propose(accountId: string, limits: object): Promise<string> {
  const path = `/v1/accounts/${accountId}/limits`;
  const { body } = await teller.post(path, limits, { method: "PUT" });
  return body.proposalId;
}

async function limited(balance: string, limits: object): Promise<string> {
  const accountId = await anAccount(owner, balance);
  const proposalId = await propose(accountId, limits);
  await second.post(`/v1/proposals/${proposalId}/approve`);
  return accountId;
}

test("[S48] a daily limit is not exceeded by a cent by 64 clients at two services", async () => {
  const accountId = await limited("1000.00", { dailyOutgoing: money("20.50") });
  const other = await anAccount(owner);
  const amount = money("1.00");
  const answers = await Promise.all(
    Array.from({ length: CLIENTS }, (_, i) => {
      const where = { service: i % 2 };
      if (i % 3 === 0)
        return owner.post(`/v1/accounts/${accountId}/withdrawals`, { amount }, where);
      if (i % 3 === 1) return owner.post(`/v1/accounts/${accountId}/holds`, { amount }, where);
      const body = { fromAccountId: accountId, toAccountId: other, amount };
      return owner.post("/v1/transfers", body, where);
    }),
  );
  expect(answers.filter(({ status }) => status === 201)).toHaveLength(20);
  const refused = answers.filter(({ status }) => status !== 201);
  expect(new Set(refused.map(({ body }) => body.code))).toEqual(new Set(["limit_exceeded"]));
  const path = `/v1/accounts/${accountId}/withdrawals`;
  expect((await owner.post(path, euros("0.51"))).status).toBe(422);
  expect((await owner.post(path, euros("0.50"))).status).toBe(201);
});

test("[S48] a refusal says which limit it is by, its amount and what is left of it", async () => {
  const channels = { withdrawal: { monthlyOutgoing: money("8") } };
  const accountId = await limited("100.00", { dailyOutgoing: money("10.00"), channels });
  const path = `/v1/accounts/${accountId}/withdrawals`;
  await owner.post(path, euros("5.50"));
  const day = await owner.post(path, euros("4.51"));
  const amount = money("10.00");
  expect(day.body.limit).toEqual({ name: "dailyOutgoing", amount, left: money("4.50") });
  const month = await owner.post(path, euros("2.51"));
  expect(month.body.limit).toEqual({
    ...{ name: "monthlyOutgoing", channel: "withdrawal" },
    ...{ amount: money("8.00"), left: money("2.50") },
  });
});

test("[S63] of 12 who judge a proposal at once one does, and each step is an event", async () => {
  const accountId = await anAccount(owner, "1.00");
  const proposalId = await propose(accountId, { perTransaction: money("1.00") });
  const own = await teller.post(`/v1/proposals/${proposalId}/approve`);
  expect(own.body.code).toBe("self_approval");
  const answers = await Promise.all(
    Array.from({ length: 12 }, (_, i) => {
      const verdict = i % 2 === 0 ? "approve" : "reject";
      const path = `/v1/proposals/${proposalId}/${verdict}`;
      return second.post(path, undefined, { service: (i >> 1) % 2 });
    }),
  );
  const done = answers.filter(({ status }) => status === 200);
  expect(done).toHaveLength(1);
  const { rows } = await bank.owner.query(
    `SELECT type FROM ledger.events WHERE data ->> 'proposalId' = $1 ORDER BY version`,
    [proposalId],
  );
  const last = done[0]?.body.status === "approved" ? "LimitsApproved" : "LimitsRejected";
  expect(rows.map(({ type }) => type)).toEqual(["LimitsProposed", last]);
});

test("limits that are malformed are pointed at where they stand", async () => {
  const accountId = await anAccount(owner, "1.00");
  const path = `/v1/accounts/${accountId}/limits`;
  const channels = { card: { dailyOutgoing: money("0.005") } };
  const answer = await teller.post(path, { channels }, { method: "PUT" });
  expect(answer.body.errors).toEqual([
    { path: "/channels/card/dailyOutgoing/value", message: "does not fit the currency" },
  ]);
});

const EDGES: [zone: string, moment: string, day: string][] = [
  ["Europe/Berlin", "2026-03-28T22:59:59.999Z", "2026-03-28"],
  ["Europe/Berlin", "2026-03-28T23:00:00.000Z", "2026-03-29"],
  ["Europe/Berlin", "2026-03-29T21:59:59.999Z", "2026-03-29"],
  ["Europe/Berlin", "2026-03-29T22:00:00.000Z", "2026-03-30"],
  ["Europe/Berlin", "2026-10-25T21:59:59.999Z", "2026-10-25"],
  ["Europe/Berlin", "2026-10-25T22:59:59.999Z", "2026-10-25"],
  ["Europe/Berlin", "2026-10-25T23:00:00.000Z", "2026-10-26"],
  ["America/Santiago", "2026-09-06T03:59:59.999Z", "2026-09-05"],
  ["America/Santiago", "2026-09-06T04:00:00.000Z", "2026-09-06"],
  ["Asia/Kathmandu", "2026-11-24T18:14:59.999Z", "2026-11-24"],
  ["Asia/Kathmandu", "2026-11-24T18:15:00.000Z", "2026-11-25"],
];

test.each(EDGES)("[S48] in %s it is, at %s, the day %s", (zone, moment, day) => {
  // A clock that has just told the day of the minute before, too.
  let nowMs = Date.parse(moment) - 60_000;
  const clock = createClock(zone, () => nowMs);
  clock();
  nowMs = Date.parse(moment);
  expect(clock()).toEqual({ now: moment, day });
});

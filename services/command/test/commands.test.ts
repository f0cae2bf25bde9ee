import { randomUUID } from "node:crypto";
import type { Role } from "@countinghouse/contracts";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  anAccount,
  type Caller,
  type CommandServices,
  euros,
  eventCount,
  NOBODY,
  openServices,
} from "./support/command-service.ts";

let bank: CommandServices;
let [customer, teller]: Caller[] = [];
beforeAll(async () => {
  bank = await openServices();
  [customer, teller] = [bank.as("customer"), bank.as("teller")];
});
afterAll(() => bank.close());

const who = () => customer as Caller;
const staff = () => teller as Caller;
const opening = { type: "checking", currency: "EUR" };

describe("opening accounts", () => {
  test("a customer opens their own", async () => {
    const { status, body } = await who().post("/v1/accounts", { ...opening, name: "Holiday" });
    expect(status).toBe(201);
    const { rows } = await bank.owner.query("SELECT data FROM ledger.events WHERE stream_id = $1", [
      body.accountId,
    ]);
    const accountType = "checking";
    expect(rows[0].data).toEqual({
      ...{ ownerId: who().userId, accountType, currency: "EUR", name: "Holiday" },
    });
  });

  test("[S14] a customer names no owner and no ledger", async () => {
    const before = await eventCount(bank);
    for (const named of [{ ownerId: who().userId }, { ownerId: randomUUID() }, { ledger: 1 }]) {
      expect((await who().post("/v1/accounts", { ...opening, ...named })).status).toBe(403);
    }
    expect(await eventCount(bank)).toBe(before);
  });

  test("a teller opens for another, but for nobody and in no unknown ledger", async () => {
    const open = (more: object) => staff().post("/v1/accounts", { ...opening, ...more });
    expect((await open({ ownerId: who().userId, ledger: 1 })).status).toBe(201);
    expect((await open({ ownerId: NOBODY })).status).toBe(404);
    expect((await open({ ledger: 77 })).status).toBe(404);
    expect((await open({ ledger: 900_000 })).status).toBe(404);
  });

  test("an account is opened in the ledger that the teller names, and used there", async () => {
    await bank.owner.query("INSERT INTO ledger.log_head (ledger_id, name) VALUES (2, 'second')");
    const { body } = await staff().post("/v1/accounts", { ...opening, ledger: 2 });
    const there = await staff().post(`/v1/accounts/${body.accountId}/deposits`, euros("5.00"));
    expect(there.body.balance.value).toBe("5.00");
    const here = await anAccount(who());
    const parties = { fromAccountId: body.accountId, toAccountId: here };
    const moved = await staff().post("/v1/transfers", { ...parties, ...euros("2.00") });
    expect([moved.status, moved.body.from.balance.value]).toEqual([201, "3.00"]);
    const { rows } = await bank.owner.query(
      "SELECT position::int FROM ledger.log_head WHERE ledger_id = 2",
    );
    expect(rows[0].position).toBe(3);
    const path = `/v1/transfers/${moved.body.transferId}/reversal`;
    const reversed = await staff().post(path, { reason: "sent twice" });
    expect([reversed.status, reversed.body.to.accountId]).toEqual([201, body.accountId]);
    const back = `/v1/transfers/${reversed.body.transferId}/reversal`;
    const again = await staff().post(back, { reason: "sent twice" });
    expect([again.status, again.body.code]).toEqual([422, "not_reversible"]);
  });
});

const OTHERS: [what: string, path: (id: string) => string, body?: object][] = [
  ["a deposit", (id) => `/v1/accounts/${id}/deposits`, euros("1.00")],
  ["a withdrawal", (id) => `/v1/accounts/${id}/withdrawals`, euros("1.00")],
  ["a close", (id) => `/v1/accounts/${id}/close`],
];

test.each(OTHERS)("[S14] [S15] %s on another's account is as on none", async (_, path, body) => {
  const theirs = await anAccount(bank.as("customer"), "10.00");
  const before = await eventCount(bank);
  const answers = [
    await who().post(path(theirs), body),
    await who().post(path(randomUUID()), body),
  ];
  const [foreign, missing] = answers.map(({ status, body: problem, headers }) => {
    // The token can be decoded: its payload, before the MAC, tells nothing either.
    const token = Buffer.from(headers.get("consistency-token") ?? "", "base64url");
    return { status, ...problem, instance: "", token: token.subarray(0, -16).toString("hex") };
  });
  expect(foreign).toEqual(missing);
  expect(foreign?.status).toBe(404);
  expect(await eventCount(bank)).toBe(before);
});

const MATRIX: [path: string, body: object | undefined, allowed: Role[]][] = [
  ["/deposits", euros("1.00"), ["customer", "teller"]],
  ["/withdrawals", euros("1.00"), ["customer", "teller"]],
  ["/freeze", { reason: "x" }, ["teller", "fraud_analyst", "admin"]],
  ["/unfreeze", { reason: "x" }, ["teller", "fraud_analyst", "admin"]],
  ["/close", undefined, ["customer", "teller", "admin"]],
];
const ROLES: Role[] = ["customer", "teller", "auditor", "fraud_analyst", "admin"];

test.each(MATRIX)(
  "[S4] who may POST …%s is decided before whether it is there",
  async (path, body, allowed) => {
    for (const role of ROLES) {
      const { status } = await bank.as(role).post(`/v1/accounts/${randomUUID()}${path}`, body);
      expect([role, status]).toEqual([role, allowed.includes(role) ? 404 : 403]);
    }
  },
);

test("an account lives: freeze, refuse, thaw, empty, close", async () => {
  const id = await anAccount(who(), "10.00");
  const at = (verb: string) => `/v1/accounts/${id}/${verb}`;
  const reason = { reason: "a check" };
  const steps: [caller: Caller, verb: string, body: object | undefined, expected: unknown][] = [
    [staff(), "freeze", reason, { accountId: id, version: 3, status: "frozen" }],
    [staff(), "freeze", reason, "account_frozen"],
    [who(), "withdrawals", euros("1.00"), "account_frozen"],
    [who(), "close", undefined, "account_frozen"],
    [staff(), "unfreeze", reason, { accountId: id, version: 4, status: "open" }],
    [staff(), "unfreeze", reason, "account_not_frozen"],
    [who(), "close", undefined, "account_not_empty"],
    [who(), "withdrawals", euros("10.01"), "insufficient_funds"],
    [who(), "withdrawals", { amount: { value: "1", currency: "JPY" } }, "currency_mismatch"],
    [who(), "withdrawals", euros("10.00"), undefined],
    [who(), "close", undefined, { accountId: id, version: 6, status: "closed" }],
    [who(), "deposits", euros("1.00"), "account_closed"],
    [staff(), "unfreeze", reason, "account_closed"],
  ];
  for (const [caller, verb, body, expected] of steps) {
    const answer = await caller.post(at(verb), body);
    if (typeof expected === "string") {
      expect([answer.status, answer.body.code]).toEqual([422, expected]);
    } else if (expected !== undefined) expect(answer.body).toEqual(expected);
  }
});

test("ids in capital letters are the same ids", async () => {
  const [from, to] = [await anAccount(who(), "9.00"), await anAccount(who())];
  const parties = { fromAccountId: from.toUpperCase(), toAccountId: to.toUpperCase() };
  const moved = await who().post("/v1/transfers", { ...parties, ...euros("1.00") });
  expect([moved.status, moved.body.to.accountId]).toEqual([201, to]);
  const path = `/v1/accounts/${to.toUpperCase()}/withdrawals`;
  expect((await who().post(path, euros("1.00"))).status).toBe(201);
});

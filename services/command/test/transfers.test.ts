import { randomUUID } from "node:crypto";
import type { Role } from "@countinghouse/contracts";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  anAccount,
  type Caller,
  type CommandServices,
  euros,
  eventCount,
  openServices,
} from "./support/command-service.ts";

const TOP = "999999999999999.99";
const reason = { reason: "sent twice" };

let bank: CommandServices;
let customer: Caller;
let stranger: Caller;
let teller: Caller;
beforeAll(async () => {
  bank = await openServices();
  [customer, stranger, teller] = [bank.as("customer"), bank.as("customer"), bank.as("teller")];
});
afterAll(() => bank.close());

const transfer = (caller: Caller, fromAccountId: string, toAccountId: string, value = "1.00") => {
  return caller.post("/v1/transfers", { fromAccountId, toAccountId, ...euros(value) });
};
const reverse = (transferId: string, caller = teller) => {
  return caller.post(`/v1/transfers/${transferId}/reversal`, reason);
};
const put = (id: string, verb: string, body?: object) => {
  return teller.post(`/v1/accounts/${id}/${verb}`, body);
};

async function typesOf(correlated: string): Promise<string[]> {
  const { rows } = await bank.owner.query(
    `SELECT type FROM ledger.events WHERE data ->> 'transferId' = $1 ORDER BY position`,
    [correlated],
  );
  return rows.map(({ type }) => type);
}

test("[S42] money goes to another's account, in two events of one command", async () => {
  const [from, to] = [await anAccount(customer, "9.00"), await anAccount(stranger)];
  const { status, body } = await transfer(customer, from, to, "4.00");
  const left = { value: "5.00", currency: "EUR" };
  expect([status, body]).toEqual([
    201,
    {
      transferId: body.transferId,
      from: { accountId: from, version: 3, balance: left, available: left },
      to: { accountId: to, version: 2 },
    },
  ]);
  expect(await typesOf(body.transferId)).toEqual(["TransferSent", "TransferReceived"]);
});

describe("a reversal", () => {
  test("gives the money back, once, and is not reversed itself", async () => {
    const [from, to] = [await anAccount(customer, "9.00"), await anAccount(stranger)];
    const { body: sent } = await transfer(customer, from, to, "4.00");
    const { status, body } = await reverse(sent.transferId);
    expect(status).toBe(201);
    expect(body.from).toMatchObject({ accountId: to, version: 3, balance: { value: "0.00" } });
    expect(body.to).toEqual({ accountId: from, version: 4 });
    expect(await typesOf(body.transferId)).toEqual(["ReversalSent", "ReversalReceived"]);
    expect((await reverse(sent.transferId)).body.code).toBe("already_reversed");
    expect((await reverse(body.transferId)).body.code).toBe("not_reversible");
  });

  test("of the same transfer by many at once happens once", async () => {
    const [from, to] = [await anAccount(customer, "9.00"), await anAccount(stranger, "99.00")];
    const { body: sent } = await transfer(customer, from, to, "4.00");
    const answers = await Promise.all(Array.from({ length: 20 }, () => reverse(sent.transferId)));
    const codes = answers.map(({ status, body }) => (status === 201 ? "done" : body.code));
    expect(codes.toSorted()).toEqual([...Array(19).fill("already_reversed"), "done"]);
  });

  const NOT_NOW: [what: string, prepare: (to: string) => Promise<unknown>, code: string][] = [
    ["spent", (to) => put(to, "withdrawals", euros("4.00")), "insufficient_funds"],
    ["frozen", (to) => put(to, "freeze", reason), "account_frozen"],
    [
      "closed away",
      async (to) => [await put(to, "withdrawals", euros("4.00")), await put(to, "close")],
      "account_closed",
    ],
  ];
  test.each(NOT_NOW)("of money that is %s is refused", async (_, prepare, code) => {
    const [from, to] = [await anAccount(customer, "9.00"), await anAccount(stranger)];
    const { body: sent } = await transfer(customer, from, to, "4.00");
    await prepare(to);
    const { status, body } = await reverse(sent.transferId);
    expect([status, body.code]).toEqual([422, code]);
  });

  test("of nothing is a 404, whatever the id looks like", async () => {
    const account = await anAccount(customer);
    for (const id of [randomUUID(), account, "4711"]) {
      expect((await reverse(id)).status).toBe(404);
    }
  });
});

/** An account of the customer's with 9.00 in it that something was done to. */
async function mine(...steps: [verb: string, body?: object][]): Promise<string> {
  const id = await anAccount(customer, "9.00");
  for (const [verb, body] of steps) expect((await put(id, verb, body)).status).toBeLessThan(300);
  return id;
}
const EMPTIED: [string, object?][] = [["withdrawals", euros("9.00")], ["close"]];
async function inYen(): Promise<string> {
  const { body } = await customer.post("/v1/accounts", { type: "savings", currency: "JPY" });
  return body.accountId;
}

type Side = () => Promise<string>;
const there: Side = () => mine();
const frozen: Side = () => mine(["freeze", reason]);
const closed: Side = () => mine(...EMPTIED);
const theirs: Side = () => anAccount(stranger, "9.00");
const full: Side = () => anAccount(stranger, TOP);
const missing: Side = async () => randomUUID();

const BAD: [what: string, from: Side, to: Side, value: string, code: string][] = [
  ["from another's account", theirs, there, "1.00", "not_found"],
  ["from another's account to itself", theirs, theirs, "1.00", "not_found"],
  ["from a missing account", missing, there, "1.00", "not_found"],
  ["to a missing account", there, missing, "1.00", "not_found"],
  ["from a frozen account", frozen, there, "1.00", "account_frozen"],
  ["from a frozen account, too much", frozen, there, "10.00", "account_frozen"],
  ["from a closed account", closed, there, "1.00", "account_closed"],
  ["to a closed account", there, closed, "1.00", "account_closed"],
  ["to a closed account, too much", there, closed, "10.00", "account_closed"],
  ["from an account in yen", inYen, there, "1.00", "currency_mismatch"],
  ["to an account in yen", there, inYen, "1.00", "currency_mismatch"],
  ["of more than there is", there, theirs, "9.01", "insufficient_funds"],
  ["to an account that is full", there, full, "1.00", "limit_exceeded"],
];

test.each(BAD)("[S15] [S44] a transfer %s writes no event", async (_, from, to, value, code) => {
  const [fromId, toId] = [await from(), await to()];
  const before = await eventCount(bank);
  const { status, body } = await transfer(customer, fromId, toId, value);
  expect([status, body.code]).toEqual([code === "not_found" ? 404 : 422, code]);
  expect(await eventCount(bank)).toBe(before);
});

test("[S44] a transfer of an account to itself writes no event", async () => {
  const id = await mine();
  const before = await eventCount(bank);
  const { status, body } = await transfer(customer, id, id);
  expect([status, body.code]).toEqual([422, "same_account"]);
  expect(await eventCount(bank)).toBe(before);
});

const ROLES: Role[] = ["customer", "teller", "auditor", "fraud_analyst", "admin"];
const nowhere = { fromAccountId: randomUUID(), toAccountId: randomUUID(), ...euros("1.00") };
const MATRIX: [path: string, body: object, allowed: Role[], status: number][] = [
  ["/v1/accounts", { type: "checking", currency: "EUR" }, ["customer", "teller"], 201],
  ["/v1/transfers", nowhere, ["customer", "teller"], 404],
  [`/v1/transfers/${randomUUID()}/reversal`, reason, ["teller", "admin"], 404],
];

test.each(MATRIX)("[S4] who may POST %s", async (path, body, allowed, expected) => {
  for (const role of ROLES) {
    const { status } = await bank.as(role).post(path, body);
    expect([role, status]).toEqual([role, allowed.includes(role) ? expected : 403]);
  }
  expect((await bank.as().post(path, body)).status).toBe(403);
  expect((await bank.as("auditor", ...allowed).post(path, body)).status).toBe(expected);
});

test("[S43] transfers to and fro at once leave the sum as it was, and none fails", async () => {
  const [one, other] = [await anAccount(customer, "5.00"), await anAccount(customer, "5.00")];
  const answers = await Promise.all(
    Array.from({ length: 100 }, (_, i) => {
      return i % 2 ? transfer(customer, one, other, "2.00") : transfer(customer, other, one);
    }),
  );
  for (const { status } of answers) expect([201, 422]).toContain(status);
  const ends = await Promise.all([one, other].map((id) => put(id, "deposits", euros("1.00"))));
  const cents = ends.map(({ body }) => Number(body.balance.value.replace(".", "")));
  expect((cents[0] ?? 0) + (cents[1] ?? 0)).toBe(1_200);
});

import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import {
  anAccount,
  type Caller,
  type CommandServices,
  euros,
  openServices,
} from "./support/command-service.ts";

let bank: CommandServices;
let caller: Caller;
beforeAll(async () => {
  bank = await openServices(2);
  caller = bank.as("teller");
});
afterAll(() => bank.close());

let [from, to, transferId] = ["", "", ""];
/** A transfer that has been reversed, so that it has a stream of its own. */
beforeEach(async () => {
  [from, to] = [await anAccount(caller, "10.00"), await anAccount(caller)];
  const body = { fromAccountId: from, toAccountId: to, ...euros("1.00") };
  const transfer = await caller.post("/v1/transfers", body);
  transferId = transfer.body.transferId;
  expect((await reverse()).status).toBe(201);
});

function reverse(service = 0) {
  return caller.post(`/v1/transfers/${transferId}/reversal`, { reason: "r" }, { service });
}

for (const [who, service] of [
  ["the instance that reversed it", 0],
  ["an instance that has not seen it", 1],
] as const) {
  test(`a reversed transfer's id names no account, says ${who}`, async () => {
    const statuses = ["freeze", "unfreeze"].map((verb) => [verb, { reason: "x" }] as const);
    const postings = ["deposits", "withdrawals"].map((verb) => [verb, euros("1.00")] as const);
    for (const [verb, body] of [...statuses, ...postings, ["close", undefined] as const]) {
      const path = `/v1/accounts/${transferId}/${verb}`;
      expect([verb, (await caller.post(path, body, { service })).status]).toEqual([verb, 404]);
    }
    for (const [fromAccountId, toAccountId] of [
      [from, transferId],
      [transferId, to],
    ]) {
      const body = { fromAccountId, toAccountId, ...euros("1.00") };
      expect((await caller.post("/v1/transfers", body, { service })).status).toBe(404);
    }
    expect((await reverse(service)).body.code).toBe("already_reversed");
  });
}

test("commands on a transfer's id fail nobody who is in a batch with them", async () => {
  const answers = await Promise.all(
    Array.from({ length: 100 }, async (_, i) => {
      const id = i % 10 === 5 ? transferId : from;
      const key = randomUUID();
      return (await caller.post(`/v1/accounts/${id}/deposits`, euros("1.00"), { key })).status;
    }),
  );
  expect(answers).toEqual(answers.map((_, i) => (i % 10 === 5 ? 404 : 201)));
});

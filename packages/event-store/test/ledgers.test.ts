import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createLedger, listLedgers } from "../src/index.ts";
import { change, decision, openLog, type TestLog } from "./support/log.ts";

let log: TestLog;
beforeAll(async () => {
  log = await openLog();
});
afterAll(() => log.close());

test("a new ledger is empty, has the next number and takes events at once", async () => {
  const url = log.databases.ownerUrl("ledger");
  const made = await Promise.all(["second", "third"].map((name) => createLedger(url, name)));
  expect(made.map(({ ledger }) => ledger).sort()).toEqual([2, 3]);
  await log.store.append([decision([change(randomUUID(), 0, { ledger: 3 })], { ledger: 3 })]);
  const all = await listLedgers(url);
  expect(all.map(({ ledger, position }) => [ledger, position])).toEqual([
    [1, 0],
    [2, 0],
    [3, 1],
  ]);
});

test("a role that is not the owner begins no ledger", async () => {
  const url = log.databases.urlOf("ledger", "countinghouse_command");
  await expect(createLedger(url, "mine")).rejects.toMatchObject({ code: "42501" });
});

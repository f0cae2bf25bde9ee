import type { Envelope } from "@countinghouse/contracts";
import { minorUnits } from "@countinghouse/domain";
import { foldStatement } from "@countinghouse/verifier";
import { afterEach, beforeEach, expect, test } from "vitest";
import { BankingAccount } from "./support/banking-events.ts";
import { OWNER } from "./support/fake-log.ts";
import { type Serving, serving } from "./support/service.ts";

let world: Serving;
let now = new Date();

beforeEach(async () => {
  now = new Date("2026-05-10T00:00:00.000Z");
  world = await serving({ now: () => now });
});
afterEach(async () => {
  await world.end();
});

interface Item {
  readonly glAccount: string;
  readonly currency: string;
  readonly debits: { readonly value: string; readonly currency: string };
  readonly credits: { readonly value: string; readonly currency: string };
}

async function trialBalance(at?: string): Promise<Item[]> {
  const path = `/v1/ledger/trial-balance${at === undefined ? "" : `?at=${at}`}`;
  const { status, body } = await world.auditor(path);
  expect(status, JSON.stringify(body)).toBe(200);
  return body.items;
}

const lines = (items: readonly Item[]) => {
  return items.map(({ glAccount, debits, credits }) => [glAccount, debits.value, credits.value]);
};

function expectBalanced(items: readonly Item[]): void {
  const sums = new Map<string, bigint>();
  for (const { currency, debits, credits } of items) {
    const difference = minorUnits(debits) - minorUnits(credits);
    sums.set(currency, (sums.get(currency) ?? 0n) + difference);
  }
  for (const [currency, difference] of sums) expect(difference, currency).toBe(0n);
}

test("[S65] every kind of posting is one balanced entry", async () => {
  const { log } = world;
  const [a, b] = [log.open(), log.open()];
  log.deposit(a, "50.00");
  log.withdraw(a, "5.00");
  log.reverse(log.transfer(a, b, "20.00"), "sent twice");
  await world.catchUp();
  expect(lines(await trialBalance())).toEqual([
    ["customer_deposits", "45.00", "90.00"],
    ["settlement_assets", "50.00", "5.00"],
    ["transfers_in_transit", "40.00", "40.00"],
  ]);
});

test("[S65] fees are income, and corrections have an account of their own", async () => {
  const account = new BankingAccount(world.log, OWNER, "50.00");
  const fees = [{ on: "withdrawal" as const, currency: "EUR", basisPoints: 250 }];
  account.withdraw(1_000n, { fees });
  account.adjust("credit", 300n, "approve");
  account.adjust("debit", 100n, "approve");
  account.adjust("credit", 900n, "reject");
  await world.catchUp();
  expect(lines(await trialBalance())).toEqual([
    ["adjustments", "3.00", "1.00"],
    ["customer_deposits", "11.25", "53.00"],
    ["fee_income", "0.00", "0.25"],
    ["settlement_assets", "50.00", "10.00"],
  ]);
  const { body } = await world.owner(`/v1/accounts/${account.id}/transactions`);
  expect(
    body.items.map(({ type, direction }: Record<string, string>) => [type, direction]),
  ).toEqual([
    ["adjustment", "debit"],
    ["adjustment", "credit"],
    ["fee", "debit"],
    ["withdrawal", "debit"],
    ["deposit", "credit"],
  ]);
  const own = world.log.events.filter(({ streamId }) => streamId === account.id);
  const month = "2026-05";
  const statement = await world.owner(`/v1/accounts/${account.id}/statements/${month}`);
  const bounds = {
    month,
    start: new Date("2026-05-01T00:00Z"),
    end: new Date("2026-06-01T00:00Z"),
  };
  const folded = foldStatement(own as unknown as Envelope[], bounds);
  expect(statement.body).toEqual({ ...folded, closed: statement.body.closed });
  const proposals = await world.teller("/v1/proposals?status=approved");
  expect(proposals.body.items.map(({ kind }: { kind: string }) => kind)).toEqual(
    Array(2).fill("adjustment"),
  );
});

test("[S65] debits equal credits after every event, per currency, over days", async () => {
  const { log } = world;
  for (const currency of ["EUR", "JPY", "BHD"]) {
    const [a, b] = [log.open({ currency }), log.open({ currency })];
    log.deposit(a, "900");
    log.nowMs += 7 * 3_600_000;
    log.reverse(log.transfer(a, b, "30"), "sent twice");
    log.withdraw(a, "1");
  }
  for (const event of log.events) {
    await world.apply(event);
    const items = await trialBalance();
    expectBalanced(items);
    expect(await trialBalance(now.toISOString())).toEqual(items);
  }
  for (const { recordedAt } of log.events) expectBalanced(await trialBalance(recordedAt));
});

test("a past trial balance has whole days, and the journal of its own day", async () => {
  const { log } = world;
  const id = log.open();
  const moments = [
    "2026-05-02T23:59:59.999Z",
    "2026-05-03T00:00:00.000Z",
    "2026-05-03T08:00:00.000Z",
  ];
  for (const moment of moments) {
    log.nowMs = Date.parse(moment);
    log.deposit(id, "1.00");
  }
  await world.catchUp();
  const assets = async (at: string) => lines(await trialBalance(at))[1]?.[1];
  expect(await assets("2026-05-02T23:59:59.998Z")).toBeUndefined();
  expect(await assets("2026-05-02T23:59:59.999Z")).toBe("1.00");
  expect(await assets("2026-05-03T00:00:00.000Z")).toBe("2.00");
  expect(await assets("2026-05-03T07:59:59.999Z")).toBe("2.00");
  expect(await assets("2026-05-03T08:00:00Z")).toBe("3.00");
  expect(await trialBalance("0000-01-01T00:00:00Z")).toEqual([]);
});

test("without a moment it is that of now, or of the last entry if that is later", async () => {
  const at = async () => (await world.auditor("/v1/ledger/trial-balance")).body.at;
  expect(await at()).toBe(now.toISOString());
  world.log.deposit(world.log.open(), "1.00");
  await world.catchUp();
  now = new Date("2026-05-01T00:00:00.000Z");
  expect(await at()).toBe(world.log.events[1]?.recordedAt);
});

test("a trial balance of the future or of no moment answers 400", async () => {
  for (const at of ["2026-05-10T00:00:00.001Z", "tomorrow", ""]) {
    expect((await world.auditor(`/v1/ledger/trial-balance?at=${at}`)).status).toBe(400);
  }
});

test("[S4] the trial balance is for auditors and administrators", async () => {
  expect((await world.owner("/v1/ledger/trial-balance")).status).toBe(403);
  expect((await world.teller("/v1/ledger/trial-balance")).status).toBe(403);
});

import type { Envelope } from "@countinghouse/contracts";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Serving, serving } from "./support/service.ts";

let world: Serving;
let [id, yen] = ["", ""];
/** When the nth event of the log was recorded. */
const at = (n: number) => world.log.events[n - 1]?.recordedAt ?? "";

beforeAll(async () => {
  world = await serving();
  const { log } = world;
  id = log.open();
  yen = log.open({ currency: "JPY" });
  const other = log.open();
  log.deposit(id, "50.00", "Salary May");
  log.deposit(id, "7.50", "Gift");
  log.withdraw(id, "12.34", "Groceries 100%_\\");
  const sent = log.transfer(id, other, "20.00", "Rent May");
  log.reverse(sent, "sent twice");
  log.deposit(yen, "150");
  await world.catchUp();
});
afterAll(async () => {
  await world.end();
});

const factsOf = (event: Envelope | undefined) => (event?.data ?? {}) as Record<string, unknown>;

interface Item {
  readonly amount: { readonly value: string };
  readonly transactionId: string;
}

async function valuesOf(search: string, account = id): Promise<string[]> {
  const { body, status } = await world.owner(`/v1/accounts/${account}/transactions?${search}`);
  expect(status, JSON.stringify(body)).toBe(200);
  return body.items.map(({ amount }: Item) => amount.value);
}

test("[S45] a history is newest first and has the members of the contract", async () => {
  const { body } = await world.owner(`/v1/accounts/${id}/transactions`);
  expect(body.nextCursor).toBeNull();
  expect(body.items.map(({ version }: { version: number }) => version)).toEqual([6, 5, 4, 3, 2]);
  expect(body.items[0]).toMatchObject({ type: "reversal", direction: "credit" });
  expect(body.items[0].reference).toBeUndefined();
  const sent = factsOf(world.log.events.find(({ type }) => type === "TransferSent"));
  expect(body.items[1]).toEqual({
    transactionId: sent.transactionId,
    version: 5,
    type: "transfer",
    direction: "debit",
    amount: { value: "20.00", currency: "EUR" },
    balanceAfter: { value: "25.16", currency: "EUR" },
    counterpartyAccountId: sent.counterpartyAccountId,
    transferId: sent.transferId,
    reference: "Rent May",
    occurredAt: at(7),
  });
});

const FILTERS: [search: string | (() => string), values: string[]][] = [
  ["minAmount=12.34", ["20.00", "20.00", "12.34", "50.00"]],
  ["minAmount=12.3401", ["20.00", "20.00", "50.00"]],
  ["maxAmount=12.34", ["12.34", "7.50"]],
  ["maxAmount=12.3399", ["7.50"]],
  ["minAmount=7.51&maxAmount=20.00", ["20.00", "20.00", "12.34"]],
  ["minAmount=999999999999999.9999", []],
  ["q=May", ["20.00", "50.00"]],
  ["q=may", []],
  ["q=lary", ["50.00"]],
  ["q=y%20M", ["50.00"]],
  ["q=%25", ["12.34"]],
  ["q=_", ["12.34"]],
  ["q=%5C", ["12.34"]],
  ["q=Sal_ry", []],
  ["q=S.l", []],
  ["q=*", []],
  ["q='%20OR%201%3D1", []],
  ["q=May&maxAmount=20.00", ["20.00"]],
  ["type=deposit", ["7.50", "50.00"]],
  ["type=withdrawal", ["12.34"]],
  ["type=transfer", ["20.00"]],
  ["type=reversal", ["20.00"]],
  ["type=fee", []],
  [() => `from=${at(6)}`, ["20.00", "20.00", "12.34"]],
  [() => `to=${at(6)}`, ["7.50", "50.00"]],
  [() => `from=${at(5)}&to=${at(7)}`, ["12.34", "7.50"]],
  [() => `from=${at(5)}&to=${at(5)}`, []],
  [() => `from=${at(5).replace(".000Z", "Z")}&to=${at(6)}`, ["7.50"]],
  ["from=0000-01-01T00:00:00Z", ["20.00", "20.00", "12.34", "7.50", "50.00"]],
  ["to=9999-12-31T23:59:59.999Z&type=deposit", ["7.50", "50.00"]],
];

for (const [search, values] of FILTERS) {
  test(`a history filtered by ${search}`, async () => {
    expect(await valuesOf(typeof search === "string" ? search : search())).toEqual(values);
  });
}

test("amounts are compared in the account's currency, which may have no decimals", async () => {
  expect(await valuesOf("minAmount=149.9", yen)).toEqual(["150"]);
  expect(await valuesOf("minAmount=150.0001", yen)).toEqual([]);
});

const BAD = [
  ...["from=yesterday", "from=2026-02-30T00:00:00.000Z", "from=2026-05-01", "to="],
  ...["from=2026-05-02T00:00:00.000Z&to=2026-05-01T00:00:00.000Z", "from=2026-05-01T24:00:00Z"],
  ...["minAmount=abc", "minAmount=-1", "maxAmount=1e3", "minAmount=5&minAmount=6", "minAmount=.5"],
  ...["type=%27%20OR%201%3D1", "type=", "sort=amount", "q=", "q=%00", "q=%ff", "cursor=x"],
  `q=${"x".repeat(141)}`,
];

for (const search of BAD) {
  test(`[S28] a history filtered by ${search.slice(0, 40)} is malformed`, async () => {
    const { status, body } = await world.owner(`/v1/accounts/${id}/transactions?${search}`);
    expect(status).toBe(400);
    expect(body.code).toBe("malformed");
  });
}

test("[S39] pages taken while money moves show every older item once", async () => {
  const account = world.log.open();
  const made = Array.from({ length: 12 }, (_, i) => world.log.deposit(account, `${i + 1}.00`));
  await world.catchUp();
  const seen: string[] = [];
  for (let cursor = ""; ; ) {
    const path = `/v1/accounts/${account}/transactions?limit=5${cursor && `&cursor=${cursor}`}`;
    const { body } = await world.owner(path);
    seen.push(...body.items.map(({ transactionId }: Item) => transactionId));
    if (body.nextCursor === null) break;
    cursor = body.nextCursor;
    for (let i = 0; i < 3; i += 1) world.log.deposit(account, "100.00");
    await world.catchUp();
  }
  const expected = made.map((event) => factsOf(event).transactionId).reverse();
  expect(seen).toEqual(expected);
});

test("pages tell postings of one moment apart", async () => {
  const account = world.log.open();
  const moment = world.log.nowMs;
  for (let i = 0; i < 5; i += 1) {
    world.log.nowMs = moment;
    world.log.deposit(account, `${i + 1}.00`);
  }
  await world.catchUp();
  const first = await world.owner(`/v1/accounts/${account}/transactions?limit=3`);
  const cursor = first.body.nextCursor;
  expect(first.body.items).toHaveLength(3);
  expect(await valuesOf(`limit=3&cursor=${cursor}`, account)).toEqual(["2.00", "1.00"]);
});

test("a page of exactly the limit is the last one", async () => {
  const { body } = await world.owner(`/v1/accounts/${id}/transactions?limit=5`);
  expect([body.items.length, body.nextCursor]).toEqual([5, null]);
});

test("[S14] a cursor of one history opens no other and no other filter", async () => {
  const { body } = await world.owner(`/v1/accounts/${id}/transactions?limit=1`);
  const cursor = `limit=1&cursor=${body.nextCursor}`;
  const status = async (path: string) => (await world.owner(path)).status;
  expect(await status(`/v1/accounts/${id}/transactions?${cursor}`)).toBe(200);
  expect(await status(`/v1/accounts/${yen}/transactions?${cursor}`)).toBe(400);
  expect(await status(`/v1/accounts/${id}/transactions?${cursor}&q=May`)).toBe(400);
  expect(await status(`/v1/accounts?${cursor}`)).toBe(400);
});

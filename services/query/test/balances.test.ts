import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Serving, serving } from "./support/service.ts";

const NOW = "2026-05-06T12:00:00.000Z";
let world: Serving;
let id = "";

beforeAll(async () => {
  world = await serving({ now: () => new Date(NOW) });
  const { log } = world;
  log.nowMs = Date.parse("2026-05-01T10:00:00.000Z");
  id = log.open();
  log.nowMs = Date.parse("2026-05-02T10:00:00.000Z");
  log.deposit(id, "50.00");
  log.nowMs = Date.parse("2026-05-02T23:59:59.999Z");
  log.withdraw(id, "20.00");
  log.nowMs = Date.parse("2026-05-04T00:00:00.000Z");
  log.deposit(id, "5.00");
  log.nowMs = Date.parse("2026-05-04T00:00:00.000Z");
  log.deposit(id, "1.00");
  log.nowMs = Date.parse("2026-05-05T08:00:00.000Z");
  log.status(id, "AccountFrozen");
  await world.catchUp();
});
afterAll(async () => {
  await world.end();
});

const balanceAt = (at: string) => world.owner(`/v1/accounts/${id}/balance?at=${at}`);

const MOMENTS: [at: string, value: string, version: number][] = [
  ["2026-05-01T10:00:00.000Z", "0.00", 1],
  ["2026-05-02T09:59:59.999Z", "0.00", 1],
  ["2026-05-02T10:00:00.000Z", "50.00", 2],
  ["2026-05-02T23:59:59.998Z", "50.00", 2],
  ["2026-05-02T23:59:59.999Z", "30.00", 3],
  ["2026-05-03T23:59:59.999Z", "30.00", 3],
  ["2026-05-04T00:00:00.000Z", "36.00", 5],
  ["2026-05-05T09:00:00.000Z", "36.00", 5],
  [NOW, "36.00", 5],
];

for (const [at, value, version] of MOMENTS) {
  test(`[S45] the balance at ${at} is ${value}`, async () => {
    const { status, body } = await balanceAt(at);
    expect(status).toBe(200);
    expect(body).toEqual({ balance: { value, currency: "EUR" }, at, version });
  });
}

test("a moment comes back with its milliseconds", async () => {
  expect((await balanceAt("2026-05-03T00:00:00Z")).body.at).toBe("2026-05-03T00:00:00.000Z");
});

test("the balance before the opening answers 404", async () => {
  for (const at of ["2026-05-01T09:59:59.999Z", "2001-01-01T00:00:00Z", "0000-01-01T00:00:00Z"]) {
    expect((await balanceAt(at)).status, at).toBe(404);
  }
});

test("the balance in the future or at no moment answers 400", async () => {
  const bad = ["2026-05-06T12:00:00.001Z", "yesterday", "2026-02-30T00:00:00.000Z", "1e12", ""];
  for (const at of [...bad, "2026-05-04", "9999-12-31T23:59:59Z"]) {
    expect((await balanceAt(at)).status, at).toBe(400);
  }
  expect((await world.owner(`/v1/accounts/${id}/balance`)).status).toBe(400);
  const nowhere = `/v1/accounts/${randomUUID()}/balance?at=2026-05-06T12:00:00.001Z`;
  expect((await world.owner(nowhere)).status).toBe(400);
});

test("a posting that is ahead of this clock is seen at its own time", async () => {
  world.log.nowMs = Date.parse(NOW) + 5;
  const { recordedAt } = world.log.deposit(id, "4.00");
  await world.catchUp();
  expect((await balanceAt(recordedAt)).body.balance.value).toBe("40.00");
});

async function days(from: string, to: string): Promise<string[][]> {
  const path = `/v1/accounts/${id}/daily-balances?from=${from}&to=${to}`;
  const { status, body } = await world.owner(path);
  expect(status, JSON.stringify(body)).toBe(200);
  expect(body.nextCursor).toBeNull();
  interface Item {
    readonly date: string;
    readonly closing: { readonly value: string; readonly currency: string };
  }
  return body.items.map(({ date, closing }: Item) => [date, closing.value]);
}

const ALL = [
  ["2026-05-01", "0.00"],
  ["2026-05-02", "30.00"],
  ["2026-05-03", "30.00"],
  ["2026-05-04", "36.00"],
  ["2026-05-05", "36.00"],
  ["2026-05-06", "40.00"],
];

const RANGES: [from: string, to: string, items: string[][]][] = [
  ["2026-05-01", "2026-05-07", ALL],
  ["2026-04-01", "2026-06-01", ALL],
  ["2026-05-03", "2026-05-06", ALL.slice(2, 5)],
  ["2026-05-03", "2026-05-04", ALL.slice(2, 3)],
  ["2026-05-02", "2026-05-02", []],
  ["2026-05-06", "2027-05-07", ALL.slice(5)],
  ["2026-05-07", "2026-05-09", []],
  ["2026-04-01", "2026-05-01", []],
  ["0000-01-01", "0000-12-31", []],
];

for (const [from, to, items] of RANGES) {
  test(`the closing balances from ${from} to ${to}, exclusive`, async () => {
    expect(await days(from, to)).toEqual(items);
  });
}

const BAD_RANGES = [
  ...["", "from=2026-05-01", "to=2026-05-01", "from=2026-02-30&to=2026-03-01"],
  ...["from=2026-05-02&to=2026-05-01", "from=yesterday&to=today"],
  ...["from=2025-01-01&to=2026-01-03", "from=2026-05-01T00:00:00.000Z&to=2026-05-02"],
];

for (const search of BAD_RANGES) {
  test(`daily balances of "${search}" are malformed`, async () => {
    expect((await world.owner(`/v1/accounts/${id}/daily-balances?${search}`)).status).toBe(400);
  });
}

test("days are those of the time zone, also when the clocks go forward within one", async () => {
  const berlin = await serving({ now: () => new Date(NOW), timeZone: "Europe/Berlin" });
  const { log } = berlin;
  log.nowMs = Date.parse("2026-03-27T23:30:00.000Z");
  const account = log.open();
  log.nowMs = Date.parse("2026-03-28T22:59:59.999Z");
  log.deposit(account, "1.00");
  log.nowMs = Date.parse("2026-03-29T21:59:59.999Z");
  log.deposit(account, "2.00");
  log.nowMs = Date.parse("2026-03-29T22:00:00.000Z");
  log.deposit(account, "4.00");
  await berlin.catchUp();
  const path = `/v1/accounts/${account}/daily-balances?from=2026-03-01&to=2026-04-01`;
  const { items } = (await berlin.owner(path)).body;
  expect(items.map((item: Item) => `${item.date} ${item.closing.value}`)).toEqual([
    "2026-03-28 1.00",
    "2026-03-29 3.00",
    "2026-03-30 7.00",
    "2026-03-31 7.00",
  ]);
  await berlin.end();
});

interface Item {
  readonly date: string;
  readonly closing: { readonly value: string };
}

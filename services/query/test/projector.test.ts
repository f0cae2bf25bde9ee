import { createLogger } from "@countinghouse/service-kit";
import { sql } from "kysely";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createProjector, type Projector } from "../src/projector/projector.ts";
import { batchOf, type Projecting, projecting } from "./support/projecting.ts";

let world: Projecting;

beforeEach(async () => {
  world = await projecting();
});
afterEach(async () => {
  await world.end();
});

const account = (id: string) => {
  return world.db
    .selectFrom("accounts")
    .selectAll()
    .where("account_id", "=", id)
    .executeTakeFirst();
};
const parked = () => world.db.selectFrom("parked_accounts").selectAll().execute();
const cursor = async () =>
  (await world.db.selectFrom("cursors").selectAll().execute())[0]?.position;
const versionsOf = async (id: string) => {
  const rows = await world.db
    .selectFrom("entries")
    .select("version")
    .where("account_id", "=", id)
    .orderBy("version")
    .execute();
  return rows.map(({ version }) => version);
};

test("a batch fills every table and moves the cursor", async () => {
  const { log } = world;
  const [a, b] = [log.open({ name: "Holiday" }), log.open()];
  log.deposit(a, "50.00", "Salary");
  log.transfer(a, b, "20.00");
  log.status(b, "AccountFrozen");
  await world.catchUp();
  expect(await account(a)).toMatchObject({ balance_minor: "3000", version: 3, name: "Holiday" });
  expect(await account(b)).toMatchObject({ balance_minor: "2000", version: 3, status: "frozen" });
  expect(await versionsOf(a)).toEqual([2, 3]);
  expect(await cursor()).toBe("6");
  expect(world.told.versions).toEqual(
    new Map([
      [a, 3],
      [b, 3],
    ]),
  );
});

test("a batch that comes again changes nothing", async () => {
  const id = world.log.open();
  world.log.deposit(id, "1.00");
  await world.catchUp();
  await world.apply(...world.log.events);
  await world.apply(...world.log.events.slice(0, 1));
  expect(await account(id)).toMatchObject({ balance_minor: "100", version: 2 });
  expect(await versionsOf(id)).toEqual([2]);
  expect(world.told.repeated).toBe(3);
  expect(await cursor()).toBe("2");
});

test("a gap is mended from the log, page by page, before the event is applied", async () => {
  const id = world.log.open();
  await world.catchUp();
  for (let i = 0; i < 9; i += 1) world.log.deposit(id, "1.00");
  const last = world.log.events.at(-1);
  if (last) await world.apply(last);
  expect(await account(id)).toMatchObject({ balance_minor: "900", version: 10 });
  expect(await versionsOf(id)).toEqual([2, 3, 4, 5, 6, 7, 8, 9, 10]);
  expect(world.log.reads).toBe(3);
});

test("an account whose opening was lost is mended from its first event", async () => {
  const id = world.log.open();
  const other = world.log.open();
  const deposit = world.log.deposit(id, "1.00");
  await world.apply(deposit, world.log.deposit(other, "2.00"));
  expect(await account(id)).toMatchObject({ version: 2 });
  expect(await account(other)).toMatchObject({ version: 2 });
});

test("a gap that the log cannot mend parks the account and nobody else", async () => {
  const [id, other] = [world.log.open(), world.log.open()];
  await world.catchUp();
  const event = { ...world.log.deposit(id, "1.00"), version: 9 };
  world.log.events.length = 2;
  await world.apply(event, world.log.deposit(other, "2.00"));
  expect(await account(id)).toMatchObject({ version: 1 });
  expect(await account(other)).toMatchObject({ version: 2 });
  expect(await parked()).toMatchObject([{ account_id: id, version: 9 }]);
  expect(await world.projector.releaseParked()).toBe(1);
  expect(await parked()).toEqual([]);
});

test("while the log is away, a gap fails the batch and nothing of it is applied", async () => {
  const [id, other] = [world.log.open(), world.log.open()];
  await world.catchUp();
  world.log.deposit(id, "1.00");
  const later = [world.log.deposit(id, "1.00"), world.log.deposit(other, "1.00")];
  const read = world.log.readStream.bind(world.log);
  world.log.readStream = async () => {
    throw new Error("away");
  };
  await expect(world.apply(...later)).rejects.toThrow("away");
  expect(await account(other)).toMatchObject({ version: 1 });
  world.log.readStream = read;
  await world.apply(...later);
  expect(await account(id)).toMatchObject({ version: 3 });
  expect(await account(other)).toMatchObject({ version: 2 });
});

const UNREADABLE: Record<string, [type: string, data: object, reason: RegExp]> = {
  "an unknown type": ["AccountGilded", {}, /unknown event type/],
  "no amount": ["MoneyDeposited", { transactionId: "x" }, /another shape/],
  "a second opening": [
    "AccountOpened",
    { ownerId: "11111111-1111-4111-8111-111111111111", accountType: "savings", currency: "EUR" },
    /opened twice/,
  ],
  "a balance that does not follow": ["MoneyDeposited", deposit("5.00", "7.00"), /does not follow/],
  "another currency": ["MoneyDeposited", deposit("5", "5", "JPY"), /another currency/],
  "no known currency": ["MoneyDeposited", deposit("5", "5", "XQX"), /no money/],
  "too many decimals": ["MoneyDeposited", deposit("5.001", "5.00"), /no money/],
  "an amount of zero": ["MoneyDeposited", deposit("0.00", "0.00"), /above zero/],
};

function deposit(value: string, balance: string, currency = "EUR") {
  return {
    transactionId: "33333333-3333-4333-8333-333333333333",
    amount: { value, currency },
    direction: "credit",
    balanceAfter: { value: balance, currency },
  };
}

for (const [what, [type, data, reason]] of Object.entries(UNREADABLE)) {
  test(`an event with ${what} parks its account and nobody else`, async () => {
    const [id, other] = [world.log.open(), world.log.open()];
    world.log.append(id, type, data);
    world.log.append(id, "AccountFrozen", {});
    world.log.deposit(other, "2.00");
    await world.catchUp();
    world.log.append(id, "AccountUnfrozen", {});
    world.log.deposit(other, "2.00");
    await world.catchUp();
    expect(await account(id)).toMatchObject({ version: 1, status: "open" });
    expect(await account(other)).toMatchObject({ version: 3 });
    const [row, ...rest] = await parked();
    expect(rest).toEqual([]);
    expect(row).toMatchObject({ account_id: id, version: 2 });
    expect(row?.reason).toMatch(reason);
    expect(world.told.parked).toBe(1);
    expect(world.lines).toMatchObject([{ msg: "account parked", accountId: id, level: 50 }]);
  });
}

test("an event that the database refuses parks its account and nobody else", async () => {
  const [id, other] = [world.log.open(), world.log.open()];
  world.log.deposit(id, "1.00", "a\0b");
  world.log.deposit(other, "2.00");
  world.log.deposit(id, "1.00");
  await world.catchUp();
  expect(await account(id)).toMatchObject({ version: 1 });
  expect(await account(other)).toMatchObject({ version: 2 });
  expect(await parked()).toMatchObject([{ account_id: id, version: 2 }]);
  expect(await cursor()).toBe("5");
  expect(await world.projector.releaseParked()).toBe(0);
  expect(await parked()).toHaveLength(1);
});

test("a released account goes on from the log with all that came meanwhile", async () => {
  const id = world.log.open();
  const bad = world.log.append(id, "AccountGilded", {});
  for (let i = 0; i < 5; i += 1) world.log.append(id, "AccountFrozen", {});
  await world.catchUp();
  expect(await world.projector.releaseParked()).toBe(0);
  expect(await parked()).toMatchObject([{ version: 2 }]);
  world.log.events[world.log.events.indexOf(bad)] = { ...bad, type: "AccountUnfrozen" };
  expect(await world.projector.releaseParked()).toBe(1);
  expect(await account(id)).toMatchObject({ version: 7, status: "frozen" });
  expect(await parked()).toEqual([]);
  world.log.status(id, "AccountUnfrozen");
  await world.catchUp();
  expect(await account(id)).toMatchObject({ version: 8, status: "open" });
});

test("a record that cannot be read is read from the log by its key", async () => {
  const id = world.log.open();
  world.log.deposit(id, "1.00");
  const unreadable = [
    { offset: 0n, key: id, reason: "no JSON" },
    { offset: 1n, key: undefined, reason: "no JSON" },
    { offset: 2n, key: "4711", reason: "no JSON" },
  ];
  await world.projector.apply({ source: "kafka:t:0", events: [], unreadable, next: 3n });
  expect(await account(id)).toMatchObject({ version: 2 });
  expect(await cursor()).toBe("3");
});

test("events of a transfer's own stream are no account's", async () => {
  const [a, b] = [world.log.open(), world.log.open()];
  world.log.deposit(a, "5.00");
  world.log.reverse(world.log.transfer(a, b, "5.00"), "sent twice");
  await world.catchUp();
  expect(await account(a)).toMatchObject({ balance_minor: "500", version: 4 });
  expect(await parked()).toEqual([]);
  expect(await cursor()).toBe(String(world.log.events.length));
});

test("two writers of one batch apply it once", async () => {
  const ids = Array.from({ length: 20 }, () => world.log.open());
  for (const id of ids) world.log.deposit(id, "1.00");
  const { events } = world.log;
  const from = (source: string) => anotherProjector().apply(batchOf(source, events, 40));
  await Promise.all([from("log:1"), from("topic:0"), from("topic:1"), from("log:1")]);
  for (const id of ids) expect(await versionsOf(id)).toEqual([2]);
  const totals = await world.db.selectFrom("gl_daily").selectAll().execute();
  expect(totals.map((row) => [row.debits_minor, row.credits_minor])).toEqual([
    ["0", "2000"],
    ["2000", "0"],
  ]);
});

/** As another process of the service has one. */
function anotherProjector(): Projector {
  const { db, log } = world;
  const logger = createLogger("query", { LOG_LEVEL: "silent" });
  const nobody = () => undefined;
  const observer = { applied: nobody, followed: nobody, parked: nobody, repeated: nobody };
  return createProjector({ db, log, logger, observer, announces: true });
}

test("batches of several sources that come at once are applied in one transaction", async () => {
  const ids = Array.from({ length: 12 }, () => world.log.open());
  for (const id of ids) world.log.deposit(id, "1.00");
  await Promise.all(
    ids.map((id, i) => {
      const events = world.log.events.filter(({ streamId }) => streamId === id);
      return world.projector.apply(batchOf(`topic:${i}`, events, i + 1));
    }),
  );
  const wrote = sql<{ n: string }>`select count(distinct xmin::text) as n from read.entries`;
  expect((await wrote.execute(world.db)).rows).toEqual([{ n: "1" }]);
  const cursors = await world.db.selectFrom("cursors").selectAll().execute();
  const expected = ids.map((_, i) => [`topic:${i}`, String(i + 1)]);
  expect(new Map(cursors.map((row) => [row.source, row.position]))).toEqual(
    new Map(expected as []),
  );
  for (const id of ids) expect(await versionsOf(id)).toEqual([2]);
});

test("a bad event or a gap in one of several batches keeps none of the others back", async () => {
  const ids = Array.from({ length: 4 }, () => world.log.open());
  const [good, bad, gap, late] = ids as [string, string, string, string];
  for (const id of ids) world.log.deposit(id, "1.00", id === bad ? "a\0b" : undefined);
  world.log.deposit(gap, "2.00");
  const eventsOf = (id: string) => world.log.events.filter(({ streamId }) => streamId === id);
  await Promise.all([
    world.projector.apply(batchOf("topic:0", eventsOf(good), 2)),
    world.projector.apply(batchOf("topic:1", eventsOf(bad), 2)),
    world.projector.apply(batchOf("topic:2", eventsOf(gap).slice(2), 1)),
    world.projector.apply(batchOf("topic:3", eventsOf(late), 2)),
  ]);
  for (const id of [good, late]) expect(await versionsOf(id)).toEqual([2]);
  expect(await versionsOf(gap)).toEqual([2, 3]);
  expect((await parked()).map(({ account_id }) => account_id)).toEqual([bad]);
});

test("the largest amount is kept to the last digit", async () => {
  const id = world.log.open({ currency: "BHD" });
  world.log.deposit(id, "999999999999999.999");
  await world.catchUp();
  expect(await account(id)).toMatchObject({ balance_minor: "999999999999999999" });
});

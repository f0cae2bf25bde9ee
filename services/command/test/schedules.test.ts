import { randomUUID } from "node:crypto";
import { createScheduleBook } from "@countinghouse/event-store";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { openScheduling, type Scheduling } from "./support/scheduling.ts";

const FIRST = "2026-11-02T10:00:00.000Z";
const at = (day: string) => new Date(`${day}T10:00:00.000Z`);
let world: Scheduling;
let [from, to] = ["", ""];

beforeAll(async () => {
  world = await openScheduling(FIRST);
});
afterAll(() => world.close());
beforeEach(async () => {
  world.now = new Date(FIRST);
  world.around = (store) => store;
  await world.owner.query("TRUNCATE ledger.leases");
  [from, to] = [await world.account("100.00"), await world.account()];
});

async function scheduled(more: object, [payer, receiver] = [from, to]): Promise<string> {
  const { status, body } = await world.schedule(payer, receiver, more);
  expect(status).toBe(201);
  return body.scheduleId;
}

test("[S42] what was missed is made up in its order, each day once", async () => {
  const id = await scheduled({ firstOn: "2026-11-02", every: "day", count: 4 });
  const scheduler = world.scheduler();
  world.now = at("2026-11-04");
  for (let i = 0; i < 3; i += 1) await scheduler.look();
  await world.scheduler().look();
  const planned = ["11-05 planned"];
  const done = ["11-02 done", "11-03 done", "11-04 done"];
  expect(await world.days(id)).toEqual([...done, ...planned]);
  expect([await world.balance(from), await world.balance(to)]).toEqual(["7000", "3000"]);
  world.now = at("2026-11-30");
  await scheduler.look();
  const { body } = await world.get(`/v1/scheduled-transfers/${id}`);
  expect([body.status, body.nextOn, await world.balance(to)]).toEqual(["finished", null, "4000"]);
});

test("days that were missed come one after another over all schedules of an account", async () => {
  const poor = await world.account("25.00");
  const more = { firstOn: "2026-11-02", every: "day", count: 2 };
  const ids = [await scheduled(more, [poor, to]), await scheduled(more, [poor, to])];
  world.now = at("2026-11-03");
  await world.scheduler().look();
  for (const id of ids) expect(await world.days(id)).toEqual(["11-02 done", "11-03 refused"]);
  const { body } = await world.get(`/v1/scheduled-transfers/${ids[0]}`);
  expect(body.occurrences[1]).toEqual({
    ...{ on: "2026-11-03", status: "refused", code: "insufficient_funds" },
  });
});

test("[S42] schedulers that look at once, each sure to be alone, make each day once", async () => {
  const ids = [];
  for (let i = 0; i < 8; i += 1) {
    ids.push(await scheduled({ firstOn: "2026-11-02", every: "day", count: 3 }));
  }
  await world.post(`/v1/accounts/${from}/deposits`, { amount: { value: "500", currency: "EUR" } });
  world.now = at("2026-11-06");
  await Promise.all([1, 2, 3].map(() => world.scheduler({ hasLease: true }).look()));
  const done = ["11-02 done", "11-03 done", "11-04 done"];
  await world.scheduler({ hasLease: true }).look();
  for (const id of ids) expect(await world.days(id)).toEqual(done);
  expect([await world.balance(from), await world.balance(to)]).toEqual(["36000", "24000"]);
});

test("an occurrence that fails on its way waits for the next look, others do not", async () => {
  const ids = [
    await scheduled({ firstOn: "2026-11-02" }),
    await scheduled({ firstOn: "2026-11-02" }),
  ];
  let failures = 1;
  world.around = (store) => ({
    ...store,
    async append(decisions) {
      const [first] = decisions;
      if (first?.answer.scope === `schedule ${ids[0]}` && failures-- > 0) throw new Error("cut");
      return store.append(decisions);
    },
  });
  const scheduler = world.scheduler();
  await scheduler.look();
  await scheduler.look();
  for (const id of ids) expect(await world.days(id)).toEqual(["11-02 done"]);
  expect(await world.balance(to)).toBe("2000");
});

test("only one process has the lease, until it is over", async () => {
  const [one, other] = [createScheduleBook(world.pool), createScheduleBook(world.pool)];
  expect([await one.lease(60_000), await other.lease(60_000)]).toEqual([true, false]);
  expect([await one.lease(0), await other.lease(60_000)]).toEqual([true, true]);
  expect(await one.lease(60_000)).toBe(false);
  const id = await scheduled({ firstOn: "2026-11-02" });
  await world.scheduler().look();
  expect(await world.days(id)).toEqual(["11-02 planned"]);
});

test("what is scheduled after a look is found by the next, what was cancelled is not", async () => {
  const scheduler = world.scheduler();
  await scheduler.look();
  const id = await scheduled({ firstOn: "2026-11-02", every: "week" });
  const gone = await scheduled({ firstOn: "2026-11-02" });
  expect((await world.delete(`/v1/scheduled-transfers/${gone}`)).status).toBe(204);
  await scheduler.look();
  expect((await world.days(id)).slice(0, 2)).toEqual(["11-02 done", "11-09 planned"]);
  expect(await world.days(gone)).toEqual([]);
  expect(await world.balance(to)).toBe("1000");
});

test("a day begins with nothing to read, and what is over is not read again", async () => {
  const done = await scheduled({ firstOn: "2026-11-02" });
  const [id, gone] = [
    await scheduled({ firstOn: "2026-11-03", every: "day", count: 3 }),
    await scheduled({ firstOn: "2026-11-04" }),
  ];
  let pages = 0;
  const onPage = () => {
    pages += 1;
  };
  const scheduler = world.scheduler({ hasLease: true, onPage });
  await scheduler.look();
  expect(await world.days(done)).toEqual(["11-02 done"]);
  await world.delete(`/v1/scheduled-transfers/${gone}`);
  for (const day of ["2026-11-03", "2026-11-04", "2026-11-05"]) {
    world.now = at(day);
    await scheduler.look();
  }
  expect(await world.days(id)).toEqual(["11-03 done", "11-04 done", "11-05 done"]);
  expect(await world.days(gone)).toEqual([]);
  expect(pages).toBe(1);
  const open = await createScheduleBook(world.pool).page(1, undefined, 1_000);
  const ids = open.map(({ scheduleId }) => scheduleId);
  expect([id, gone, done].filter((one) => ids.includes(one))).toEqual([]);
});

test("a schedule that is stored in the form of another release is folded anew", async () => {
  const id = await scheduled({ firstOn: "2026-11-02", every: "day", count: 2 });
  const path = `/v1/scheduled-transfers/${id}`;
  const { body } = await world.get(path);
  await world.owner.query(
    `UPDATE ledger.streams SET state = '{"form": "old"}', state_schema = 0 WHERE stream_id = $1`,
    [id],
  );
  expect((await world.get(path)).body).toEqual(body);
  const { items } = (await world.get("/v1/scheduled-transfers?limit=100")).body;
  expect(items).toContainEqual(body);
  await world.scheduler().look();
  expect(await world.days(id)).toEqual(["11-02 done", "11-03 planned"]);
});

test("the day is that of the time zone", async () => {
  const id = await scheduled({ firstOn: "2026-11-03" });
  world.now = new Date("2026-11-02T23:30:00.000Z");
  await world.scheduler().look();
  expect(await world.days(id)).toEqual(["11-03 planned"]);
  await world.owner.query("TRUNCATE ledger.leases");
  await world.scheduler({ timeZone: "Europe/Berlin" }).look();
  expect(await world.days(id)).toEqual(["11-03 done"]);
});

test("[S45] the log says who, when and why of an occurrence", async () => {
  const id = await scheduled({ firstOn: "2026-11-02", reference: "Rent" });
  await world.scheduler().look();
  const { rows } = await world.owner.query(
    `SELECT type, meta -> 'actor' -> 'roles' AS roles, data ->> 'reference' AS reference
       FROM ledger.events WHERE meta ->> 'correlationId' = $1 ORDER BY position`,
    [id],
  );
  expect(rows).toEqual([
    { type: "ScheduledTransferMade", roles: [], reference: null },
    { type: "ScheduleFinished", roles: [], reference: null },
    { type: "TransferSent", roles: [], reference: "Rent" },
    { type: "TransferReceived", roles: [], reference: "Rent" },
  ]);
});

test("schedules are listed in the order in which they were made, page by page", async () => {
  const made = [];
  for (let i = 0; i < 3; i += 1) made.push(await scheduled({ firstOn: "2026-12-24" }));
  const seen: string[] = [];
  for (let cursor = ""; cursor !== null; ) {
    const { body } = await world.get(
      `/v1/scheduled-transfers?limit=2${cursor && `&cursor=${cursor}`}`,
    );
    seen.push(...body.items.map(({ scheduleId }: { scheduleId: string }) => scheduleId));
    cursor = body.nextCursor;
  }
  expect(seen.slice(-3)).toEqual(made);
  expect(new Set(seen).size).toBe(seen.length);
});

test("a count without an interval is malformed, and an id of nothing is not there", async () => {
  const { status, body } = await world.schedule(from, to, { firstOn: "2026-12-24", count: 2 });
  expect([status, body.errors[0].path]).toEqual([400, "/count"]);
  for (const id of [randomUUID(), from]) {
    expect((await world.get(`/v1/scheduled-transfers/${id}`)).status).toBe(404);
    expect((await world.delete(`/v1/scheduled-transfers/${id}`)).status).toBe(404);
  }
});

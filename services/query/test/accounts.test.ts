import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { OTHER_OWNER, OWNER } from "./support/fake-log.ts";
import { type Serving, serving } from "./support/service.ts";

let world: Serving;
let [mine, foreign] = ["", ""];

beforeAll(async () => {
  world = await serving();
  mine = world.log.open({ name: "Holiday" });
  foreign = world.log.open({ owner: OTHER_OWNER, currency: "JPY" });
  world.log.deposit(mine, "12.50");
  world.log.status(mine, "AccountFrozen");
  await world.catchUp();
});
afterAll(async () => {
  await world.end();
});

test("an account is what its events made it", async () => {
  const { status, body } = await world.owner(`/v1/accounts/${mine}`);
  expect(status).toBe(200);
  expect(body).toEqual({
    accountId: mine,
    ownerId: OWNER,
    type: "checking",
    name: "Holiday",
    currency: "EUR",
    status: "frozen",
    balance: { value: "12.50", currency: "EUR" },
    available: { value: "12.50", currency: "EUR" },
    version: 3,
    openedAt: "2026-05-01T10:00:00.000Z",
    updatedAt: "2026-05-01T10:00:03.000Z",
  });
});

test("[S14] another's account answers the 404 of one that is not there", async () => {
  const paths = (id: string) => [
    `/v1/accounts/${id}`,
    `/v1/accounts/${id}/transactions`,
    `/v1/accounts/${id}/balance?at=2026-05-02T00:00:00.000Z`,
    `/v1/accounts/${id}/daily-balances?from=2026-05-01&to=2026-05-03`,
  ];
  const absent = paths(randomUUID());
  for (const [i, path] of paths(foreign).entries()) {
    const [hidden, missing] = await Promise.all([world.owner(path), world.owner(absent[i] ?? "")]);
    expect(hidden.status).toBe(404);
    expect({ ...hidden.body, instance: "" }).toEqual({ ...missing.body, instance: "" });
  }
  expect((await world.owner("/v1/accounts/4711")).status).toBe(404);
});

test("[S14] a customer lists their own accounts, staff list all", async () => {
  const idsOf = async (get: typeof world.owner) => {
    const { body } = await get("/v1/accounts");
    return body.items.map((item: { accountId: string }) => item.accountId).sort();
  };
  expect(await idsOf(world.owner)).toEqual([mine]);
  expect(await idsOf(world.other)).toEqual([foreign]);
  expect(await idsOf(world.teller)).toEqual([mine, foreign].sort());
  expect((await world.teller(`/v1/accounts/${foreign}`)).body.name).toBeNull();
});

test("pages of accounts taken while accounts are opened skip and repeat none", async () => {
  const before = Array.from({ length: 5 }, () => world.log.open({ owner: OTHER_OWNER }));
  await world.catchUp();
  const seen: string[] = [];
  for (let path = "/v1/accounts?limit=2"; ; ) {
    const { body } = await world.other(path);
    seen.push(...body.items.map((item: { accountId: string }) => item.accountId));
    if (body.nextCursor === null || seen.length > 20) break;
    path = `/v1/accounts?limit=2&cursor=${body.nextCursor}`;
    if (seen.length < 6) world.log.open({ owner: OTHER_OWNER });
    await world.catchUp();
  }
  expect(new Set(seen).size).toBe(seen.length);
  expect(seen).toEqual(expect.arrayContaining([foreign, ...before]));
});

test("[S14] a cursor fits the list it came from and no other", async () => {
  const { body } = await world.teller("/v1/accounts?limit=1");
  const next = `/v1/accounts?limit=1&cursor=${body.nextCursor}`;
  expect((await world.teller(next)).status).toBe(200);
  expect((await world.owner(next)).status).toBe(400);
  const history = `/v1/accounts/${mine}/transactions?cursor=${body.nextCursor}`;
  expect((await world.teller(history)).status).toBe(400);
  for (const forged of ["", "x", `${body.nextCursor}A`, "A".repeat(600)]) {
    expect((await world.teller(`/v1/accounts?cursor=${forged}`)).status).toBe(400);
  }
});

test("[S28] a list takes 1 to 100 a page and nothing it does not know", async () => {
  for (const search of [
    "limit=0",
    "limit=101",
    "limit=01",
    "limit=x",
    "sort=name",
    "limit=1&limit=2",
  ]) {
    expect((await world.owner(`/v1/accounts?${search}`)).status, search).toBe(400);
  }
  expect((await world.owner("/v1/accounts?limit=100")).status).toBe(200);
});

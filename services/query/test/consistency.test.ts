import { afterAll, beforeAll, expect, test } from "vitest";
import { OTHER_OWNER } from "./support/fake-log.ts";
import { type Serving, serving } from "./support/service.ts";

let world: Serving;
/** The same tables, filled by another process. */
let reader: Serving;

beforeAll(async () => {
  world = await serving({ waiting: { timeoutMs: 400 } });
  reader = await serving({ announces: false });
});
afterAll(async () => {
  await world.end();
  await reader.end();
});

async function account(at: Serving) {
  const accountId = at.log.open();
  await at.catchUp();
  return accountId;
}

test("[S47] a query with a token waits for the version and then shows it", async () => {
  for (const at of [world, reader]) {
    const accountId = await account(at);
    at.log.deposit(accountId, "1.00");
    const waiting = at.owner(`/v1/accounts/${accountId}`, at.mint({ accountId, version: 2 }));
    await expect.poll(() => at.room.waiters).toBe(1);
    await at.catchUp();
    expect((await waiting).body).toMatchObject({ version: 2, balance: { value: "1.00" } });
  }
});

test("[S47] lists and histories wait, too", async () => {
  const accountId = world.log.open();
  const token = world.mint({ accountId, version: 1 });
  const list = world.owner("/v1/accounts?limit=100", token);
  const history = world.owner(`/v1/accounts/${accountId}/transactions`, token);
  await expect.poll(() => world.room.waiters).toBe(2);
  await world.catchUp();
  const ids = (await list).body.items.map((item: { accountId: string }) => item.accountId);
  expect(ids).toContain(accountId);
  expect((await history).status).toBe(200);
});

test("[S47] several tokens joined by commas count together", async () => {
  const [a, b] = [await account(world), await account(world)];
  world.log.deposit(a, "1.00");
  const token = [a, b].map((accountId) => world.mint({ accountId, version: 2 })).join(", ");
  const waiting = world.owner(`/v1/accounts/${a}`, token);
  await expect.poll(() => world.room.waiters).toBe(1);
  await world.catchUp();
  expect(world.room.waiters).toBe(1);
  world.log.deposit(b, "1.00");
  await world.catchUp();
  expect((await waiting).status).toBe(200);
});

test("what does not come in time answers 503 with Retry-After", async () => {
  const accountId = await account(world);
  const token = world.mint({ accountId, version: 2 });
  const { status, headers, body } = await world.owner(`/v1/accounts/${accountId}`, token);
  expect([status, headers.get("retry-after"), body.code]).toEqual([503, "1", "unavailable"]);
});

test("who finds the waiting room full is told so at once; those inside are answered", async () => {
  const full = await serving({ waiting: { waitersMax: 2 } });
  const accountId = await account(full);
  full.log.deposit(accountId, "1.00");
  const path = `/v1/accounts/${accountId}`;
  const token = full.mint({ accountId, version: 2 });
  const inside = [full.owner(path, token), full.owner(path, token)];
  await expect.poll(() => full.room.waiters).toBe(2);
  const { status, headers } = await full.owner(path, token);
  expect([status, headers.get("retry-after"), full.room.waiters]).toEqual([503, "1", 2]);
  expect((await full.owner(path, full.mint({ accountId, version: 1 }))).status).toBe(200);
  await full.catchUp();
  for (const answer of inside) expect((await answer).body.version).toBe(2);
  await full.end();
});

test("the token of a large command counts for each account that it touched", async () => {
  const ids = await Promise.all(Array.from({ length: 3 }, () => account(reader)));
  for (const id of ids) reader.log.deposit(id, "1.00");
  const token = reader.mintLast(3);
  const waiting = reader.owner(`/v1/accounts/${ids[0]}`, token);
  await expect.poll(() => reader.room.waiters).toBe(1);
  await reader.catchUp();
  expect((await waiting).body.version).toBe(2);
  const reads = reader.log.reads;
  for (const id of ids) expect((await reader.owner(`/v1/accounts/${id}`, token)).status).toBe(200);
  expect(reader.log.reads).toBe(reads);
});

test("an old token and a token of nothing stay good", async () => {
  const accountId = await account(world);
  world.log.deposit(accountId, "1.00");
  await world.catchUp();
  for (const token of [world.mint({ accountId, version: 1 }), world.mint()]) {
    const { body } = await world.owner(`/v1/accounts/${accountId}`, token);
    expect(body.version).toBe(2);
  }
});

test("[S14] a token opens nobody else's account", async () => {
  const accountId = world.log.open({ owner: OTHER_OWNER });
  await world.catchUp();
  const token = world.mint({ accountId, version: 1 });
  expect((await world.owner(`/v1/accounts/${accountId}`, token)).status).toBe(404);
});

const MALFORMED = ["x", "AAAAAAAA", "e30.e30.e30", "' OR 1=1", "a".repeat(2000), ""];

test("[S28] a malformed token answers 400 before anything is read", async () => {
  const accountId = await account(world);
  const good = world.mint({ accountId, version: 1 });
  for (const token of [...MALFORMED, `${good},x`, `${good.slice(0, -1)}-`]) {
    for (const path of [`/v1/accounts/${accountId}`, "/v1/accounts"]) {
      const { status, body } = await world.owner(path, token);
      expect(status, token).toBe(400);
      expect(body.errors[0].path).toBe("Consistency-Token");
    }
  }
});

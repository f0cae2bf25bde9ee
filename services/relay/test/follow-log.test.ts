import { afterAll, beforeAll, expect, test } from "vitest";
import { FOLLOWERS_MAX } from "../src/app.ts";
import { createLedger, type Ledger } from "./support/ledger.ts";
import { metric } from "./support/metrics.ts";
import { type Follower, type Relay, relayEnv, startRelay } from "./support/relay.ts";

let ledger: Ledger;
let relay: Relay;

beforeAll(async () => {
  ledger = await createLedger();
  relay = await startRelay(relayEnv(ledger.relayUrl));
});
afterAll(async () => {
  await relay.close();
  await ledger.close();
});

async function versions(follower: Follower, count: number): Promise<unknown[]> {
  const seen: unknown[] = [];
  for (let i = 0; i < count; i += 1) {
    const event = await follower.next();
    seen.push(event === "end" ? event : event.version);
  }
  return seen;
}

const taken = (kind: string) => metric(relay, "log_followers", kind);

test("a followed log brings each event as it happens", async () => {
  const account = await ledger.open();
  const follower = await relay.follow(`stream=${account}`);
  expect(follower.response.status).toBe(200);
  expect(await versions(follower, 1)).toEqual([1]);
  for (const version of [2, 3, 4]) {
    await ledger.deposit(account);
    expect(await versions(follower, 1)).toEqual([version]);
  }
  follower.hangUp();
});

test("an empty followed log answers its head at once", async () => {
  await ledger.addLedger(3);
  const follower = await relay.follow("ledger=3");
  expect(follower.response.status).toBe(200);
  await ledger.open(3);
  expect(await versions(follower, 1)).toEqual([1]);
  follower.hangUp();
});

test("the limit sizes the reads and does not end a followed log", async () => {
  const account = await ledger.open();
  await ledger.deposit(account, 1_200);
  const follower = await relay.follow(`stream=${account}&limit=2`);
  expect(await versions(follower, 1_201)).toEqual(Array.from({ length: 1_201 }, (_, i) => i + 1));
  follower.hangUp();
});

test("a filter holds for what was and for what comes", async () => {
  const [one, other] = [await ledger.open(), await ledger.open()];
  await ledger.deposit(one, 2);
  const follower = await relay.follow(`stream=${one}&type=MoneyDeposited`);
  expect(await versions(follower, 2)).toEqual([2, 3]);
  await ledger.deposit(other, 5);
  await ledger.deposit(one);
  expect(await versions(follower, 1)).toEqual([4]);
  follower.hangUp();
});

test("who comes back after the last position gets every event once", async () => {
  const account = await ledger.open();
  const seen: unknown[] = [];
  let after = 0;
  for (let visit = 0; visit < 3; visit += 1) {
    await ledger.deposit(account);
    const follower = await relay.follow(`stream=${account}&after=${after}`);
    const event = await follower.next();
    if (event === "end") throw new Error("ended");
    seen.push(event.version);
    after = event.position;
    follower.hangUp();
  }
  expect(seen).toEqual([1, 2, 3]);
});

test("many followers get the same events in the same order", async () => {
  const account = await ledger.open();
  const followers = await Promise.all(
    Array.from({ length: 20 }, () => relay.follow(`stream=${account}`)),
  );
  for (let i = 0; i < 30; i += 1) await ledger.deposit(account);
  for (const follower of followers) {
    expect(await versions(follower, 31)).toEqual(Array.from({ length: 31 }, (_, i) => i + 1));
    follower.hangUp();
  }
});

test("who hangs up leaves its place, who comes when all are taken gets a 503", async () => {
  await expect.poll(() => taken("users")).toBe(0);
  const followers = await Promise.all(
    Array.from({ length: FOLLOWERS_MAX.users }, () => relay.follow("after=900000")),
  );
  const refused = await relay.follow("after=900000");
  expect(refused.response.status).toBe(503);
  expect(refused.response.headers.get("retry-after")).toBe("5");
  const inside = await relay.readInside("ledger=1&after=900000&follow=true");
  expect(inside.status).toBe(200);
  await inside.body?.cancel();
  for (const follower of followers) follower.hangUp();
  await expect.poll(() => taken("users")).toBe(0);
  const next = await relay.follow("after=900000");
  expect(next.response.status).toBe(200);
  next.hangUp();
});

test("followers that do not read hold up neither others nor the end", async () => {
  const own = await startRelay(relayEnv(ledger.relayUrl));
  const account = await ledger.open();
  for (let i = 0; i < 4; i += 1) await ledger.deposit(account, 5_000);
  for (let i = 0; i < 10; i += 1) await own.follow(`stream=${account}`);
  const reader = await own.follow(`stream=${account}`);
  expect((await versions(reader, 20_001)).at(-1)).toBe(20_001);
  const begun = performance.now();
  await own.close();
  expect(performance.now() - begun).toBeLessThan(5_000);
}, 20_000);

test("a service that closes ends its followers with whole lines", async () => {
  const own = await startRelay(relayEnv(ledger.relayUrl));
  const account = await ledger.open();
  const followers = [await own.follow(`stream=${account}`), await own.follow(`stream=${account}`)];
  for (const follower of followers) expect(await versions(follower, 1)).toEqual([1]);
  const closed = own.close();
  for (const follower of followers) expect(await follower.next()).toBe("end");
  await closed;
});

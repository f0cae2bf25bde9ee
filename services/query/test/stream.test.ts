import { randomUUID } from "node:crypto";
import { request } from "node:http";
import { afterEach, beforeEach, expect, test } from "vitest";
import { asAdmin, withoutDatabase } from "./support/database.ts";
import { OTHER_OWNER } from "./support/fake-log.ts";
import type { OpenStream } from "./support/open-stream.ts";
import {
  authorizationOf,
  type Serving,
  type ServingOptions,
  serving,
  TELLER,
} from "./support/service.ts";

const CUT_LISTENERS = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
  WHERE application_name = 'countinghouse-query-listener' AND datname = current_database()`;

let worlds: Serving[];

beforeEach(() => {
  worlds = [];
});
afterEach(async () => {
  for (const world of worlds) await world.end();
});

async function serve(options?: ServingOptions): Promise<Serving> {
  const world = await serving(options);
  worlds.push(world);
  return world;
}

async function account(world: Serving, owner?: string): Promise<string> {
  const id = world.log.open({ ...(owner !== undefined && { owner }) });
  await world.catchUp();
  return id;
}

async function versionsOf(stream: OpenStream, count: number): Promise<(number | undefined)[]> {
  const versions: (number | undefined)[] = [];
  for (let i = 0; i < count; i += 1) versions.push((await stream.next())?.data.version);
  return versions;
}

test("each transaction that is applied is an event, as the history has it", async () => {
  const world = await serve();
  const [id, other] = [await account(world), await account(world)];
  const stream = await world.stream(id);
  expect(stream.status).toBe(200);
  expect(stream.headers.get("content-type")).toMatch(/^text\/event-stream/);
  world.log.deposit(id, "10.00", "Salary");
  world.log.status(id, "AccountFrozen");
  world.log.deposit(other, "1.00");
  world.log.status(id, "AccountUnfrozen");
  world.log.transfer(id, other, "4.00");
  await world.catchUp();
  const seen = [await stream.next(), await stream.next()];
  const { body } = await world.owner(`/v1/accounts/${id}/transactions`);
  expect(seen.map((event) => event?.data)).toEqual(body.items.toReversed());
  expect(seen.map((event) => event?.id)).toEqual(["2", "5"]);
});

test("events that another process applies come, too", async () => {
  const world = await serve({ announces: false, hears: true });
  await expect.poll(() => world.listener.isListening).toBe(true);
  const id = await account(world);
  const stream = await world.stream(id);
  for (let i = 0; i < 3; i += 1) {
    world.log.deposit(id, "1.00");
    await world.catchUp();
    expect((await stream.next())?.id).toBe(String(i + 2));
  }
});

test("a large batch is heard of in full", async () => {
  const world = await serve({ announces: false, hears: true });
  await expect.poll(() => world.listener.isListening).toBe(true);
  const ids = Array.from({ length: 700 }, () => world.log.open());
  await world.catchUp();
  const some = await Promise.all([ids[0], ids[350], ids[699]].map((id) => world.stream(id ?? "")));
  for (const id of ids) world.log.deposit(id, "1.00");
  await world.catchUp();
  for (const stream of some) expect((await stream.next())?.id).toBe("2");
});

test("what goes unheard while the listener is cut off is looked for", async () => {
  const world = await serve({ announces: false, hears: true });
  await expect.poll(() => world.listener.isListening).toBe(true);
  const id = await account(world);
  const stream = await world.stream(id);
  await asAdmin(world.database, CUT_LISTENERS);
  await expect.poll(() => world.listener.isListening).toBe(false);
  world.log.deposit(id, "1.00");
  await world.catchUp();
  expect((await stream.next())?.id).toBe("2");
});

test("a stream that is resumed brings what was missed, in pages, once and in order", async () => {
  const world = await serve({ limits: { pageSize: 3 } });
  const id = await account(world);
  for (let i = 0; i < 10; i += 1) world.log.deposit(id, "1.00");
  await world.catchUp();
  const [early, late, live] = await Promise.all([
    world.stream(id, "4"),
    world.stream(id, "9"),
    world.stream(id),
  ]);
  world.log.withdraw(id, "1.00");
  await world.catchUp();
  expect(await versionsOf(early, 8)).toEqual([5, 6, 7, 8, 9, 10, 11, 12]);
  expect(await versionsOf(late, 3)).toEqual([10, 11, 12]);
  expect(await versionsOf(live, 1)).toEqual([12]);
});

const NO_IDS = ["0", "-1", "x", "1.5", "01", "+1", "' OR 1=1", "9".repeat(10), "9".repeat(2000)];

test("[S28] an id that no event has is malformed", async () => {
  const world = await serve();
  const id = await account(world);
  for (const text of NO_IDS) expect((await world.stream(id, text)).status, text).toBe(400);
});

test("[S14] another's stream answers the 404 of one that is not there", async () => {
  const world = await serve();
  const foreign = await account(world, OTHER_OWNER);
  for (const id of [foreign, randomUUID()]) {
    const { status, body } = await world.owner(`/v1/accounts/${id}/stream`);
    expect([status, body.code]).toEqual([404, "not_found"]);
  }
  expect((await world.stream(foreign)).status).toBe(404);
  expect(world.live.streams).toBe(0);
});

test("a reader who hangs up gives the stream back", async () => {
  const world = await serve();
  const id = await account(world);
  const streams = await Promise.all([world.stream(id), world.stream(id)]);
  expect(world.live.streams).toBe(2);
  for (const stream of streams) stream.hangUp();
  await expect.poll(() => world.live.streams).toBe(0);
  expect(world.ends).toEqual(["left", "left"]);
});

test("a silent stream beats", async () => {
  const world = await serve({ limits: { heartbeatMs: 20 } });
  const id = await account(world);
  const stream = await world.stream(id);
  const next = stream.next();
  await expect.poll(() => stream.comments).toBeGreaterThan(2);
  world.log.deposit(id, "1.00");
  await world.catchUp();
  expect((await next)?.id).toBe("2");
});

test("more streams than there may be are sent away, and one user cannot take all", async () => {
  const world = await serve({ limits: { streamsMax: 3, streamsOfUserMax: 2 } });
  const id = await account(world);
  const mine = [await world.stream(id), await world.stream(id)];
  expect((await world.stream(id)).status).toBe(503);
  const teller = authorizationOf(TELLER, "teller");
  expect((await world.stream(id, undefined, teller)).status).toBe(200);
  const refused = await world.stream(id, undefined, teller);
  expect([refused.status, refused.headers.get("retry-after")]).toEqual([503, "5"]);
  mine[0]?.hangUp();
  await expect.poll(() => world.live.streams).toBe(2);
  expect((await world.stream(id)).status).toBe(200);
});

test("streams end when the service does, and say so", async () => {
  const world = await serve();
  const id = await account(world);
  const streams = await Promise.all(Array.from({ length: 20 }, () => world.stream(id)));
  const ended = world.shutDown();
  for (const stream of streams) {
    expect(await stream.next()).toMatchObject({ event: "end", data: { reason: "closing" } });
    expect(await stream.next()).toBeUndefined();
  }
  await ended;
});

/** A reader that opens a stream and takes nothing of it. */
async function openUnread(world: Serving, id: string) {
  const { promise, resolve } = Promise.withResolvers<() => void>();
  const asking = request(`${world.url}/v1/accounts/${id}/stream`, {
    headers: { authorization: world.authorization, "last-event-id": "1" },
  });
  asking.on("response", (response) => {
    response.pause();
    resolve(() => response.destroy());
  });
  asking.on("error", () => undefined);
  asking.end();
  return promise;
}

test("a reader who takes nothing is dropped, and nobody waits for them", async () => {
  const world = await serve({ limits: { slowMs: 300, cutOffMs: 100 } });
  const id = await account(world);
  const note = "€".repeat(140);
  for (let i = 0; i < 20_000; i += 1) world.log.deposit(id, "1.00", note);
  await world.catchUp();
  const hangUp = await openUnread(world, id);
  await expect.poll(() => world.sent.length, { timeout: 10_000 }).toBeGreaterThan(100);
  const quick = await world.stream(id);
  world.log.deposit(id, "1.00");
  await world.catchUp();
  expect((await quick.next())?.id).toBe("20002");
  await expect.poll(() => world.ends, { timeout: 10_000 }).toEqual(["too_slow"]);
  expect(world.sent.length).toBeLessThan(20_000);
  expect(world.live.streams).toBe(1);
  hangUp();
}, 60_000);

test("a database that is away for a moment only costs time", async () => {
  const world = await serve({ hears: true });
  const id = await account(world);
  const stream = await world.stream(id);
  await withoutDatabase(world.database, async () => {
    world.live.lookAgain();
    await new Promise((resolve) => setTimeout(resolve, 200));
  });
  world.log.deposit(id, "1.00");
  await expect
    .poll(() =>
      world.catchUp().then(
        () => true,
        () => false,
      ),
    )
    .toBe(true);
  expect((await stream.next())?.id).toBe("2");
});

test("a thousand streams are open at once, and each has its events", {
  timeout: 60_000,
}, async () => {
  const world = await serve({ limits: { streamsOfUserMax: 1_000 } });
  const ids = Array.from({ length: 500 }, () => world.log.open());
  await world.catchUp();
  const before = process.memoryUsage().rss;
  const streams: OpenStream[] = [];
  for (const id of [...ids, ...ids]) streams.push(await world.stream(id));
  expect(world.live.streams).toBe(1_000);
  for (let version = 2; version <= 4; version += 1) {
    for (const id of ids) world.log.deposit(id, "1.00");
    await world.catchUp();
    const events = await Promise.all(streams.map((stream) => stream.next()));
    expect(new Set(events.map((event) => event?.id))).toEqual(new Set([String(version)]));
  }
  // Both ends of every stream are in this process.
  const perStream = (process.memoryUsage().rss - before) / streams.length;
  expect(perStream).toBeLessThan(300 * 1024);
  for (const stream of streams) stream.hangUp();
  await expect.poll(() => world.live.streams).toBe(0);
});

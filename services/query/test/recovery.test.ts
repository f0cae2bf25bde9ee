import { randomBytes } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import {
  createConsistencyTokens,
  createInnerSigner,
  createLogger,
  ed25519FromSeed,
  ed25519PublicKey,
  type RunningService,
} from "@countinghouse/service-kit";
import { afterEach, beforeEach, expect, test } from "vitest";
import { start } from "../src/main.ts";
import { rebuild } from "../src/rebuild/rebuild.ts";
import { switchOver } from "../src/rebuild/switch.ts";
import { FakeLog, OWNER } from "./support/fake-log.ts";
import { differencesFromLog } from "./support/fold-of-log.ts";
import { openStream } from "./support/open-stream.ts";
import { type OwnPostgres, ownPostgres } from "./support/own-postgres.ts";
import { pagesOf } from "./support/rebuilding.ts";
import { type StubRelay, stubRelay } from "./support/stub-relay.ts";

const TIMEOUT_MS = 120_000;
const KEY = randomBytes(32);
const SEED = randomBytes(32).toString("base64url");
const signer = createInnerSigner("gateway", SEED);
const publicKey = ed25519PublicKey(ed25519FromSeed(Buffer.from(SEED, "base64url")));
const logger = createLogger("query", { LOG_LEVEL: "silent" });
const authorization = () => {
  const user = { userId: OWNER, sessionId: OWNER, roles: ["customer" as const] };
  return `Bearer ${signer.forUser("query", user)}`;
};

let postgres: OwnPostgres;
let log: FakeLog;
let relay: StubRelay;
let service: RunningService;
let load: { stop(): Promise<void> };
let ids: string[];

beforeEach(async () => {
  postgres = await ownPostgres();
  log = new FakeLog();
  relay = await stubRelay(log);
  service = await start({
    DATABASE_URL: postgres.urls.reader,
    PROJECTOR_DATABASE_URL: postgres.urls.projector,
    RELAY_URL: relay.url,
    TOKEN_KEY: KEY.toString("base64url"),
    INNER_PRIVATE_KEY: SEED,
    INNER_PUBLIC_KEYS: JSON.stringify({ gateway: publicKey }),
    ENVIRONMENT: "test",
    LOG_LEVEL: "silent",
  });
  ids = Array.from({ length: 40 }, () => log.open());
  load = keepWriting();
}, TIMEOUT_MS);
afterEach(async () => {
  await load.stop();
  await service.close();
  await relay.close();
  await postgres.close();
}, TIMEOUT_MS);

/** Money moves all the time, between some accounts of which others have rested for long. */
function keepWriting() {
  const stopping = new AbortController();
  for (const id of ids) log.deposit(id, "100.00");
  const done = (async () => {
    for (let n = 0; !stopping.signal.aborted; n += 1) {
      const [a = "", b = ""] = [ids[n % 10], ids[(n + 1) % 10]];
      log.transfer(a, b, "1.00");
      if (n % 5 === 0) await pause(2);
    }
  })();
  return {
    async stop() {
      stopping.abort();
      await done;
    },
  };
}

async function expectFold(): Promise<void> {
  await load.stop();
  const differences = () => differencesFromLog(postgres.urls.projector, log.events);
  await expect.poll(differences, { timeout: 60_000, interval: 500 }).toEqual([]);
}

/** The account as a query with a token of its last version shows it. */
async function newestVersionOf(accountId: string): Promise<[number, number]> {
  const version = log.events.filter(({ streamId }) => streamId === accountId).length;
  const token = createConsistencyTokens(KEY).mint([{ accountId, version }]);
  for (;;) {
    const headers = { authorization: authorization(), "consistency-token": token };
    const answer = await fetch(`${service.url}/v1/accounts/${accountId}`, { headers });
    const body = (await answer.json()) as { version: number };
    if (answer.status === 200) return [body.version, version];
    await pause(200);
  }
}

async function applied(count: number): Promise<void> {
  const before = log.events.length;
  await expect.poll(() => log.events.length, { timeout: 20_000 }).toBeGreaterThan(before + count);
}

test("a database that is killed again and again under load loses and repeats nothing", {
  timeout: TIMEOUT_MS,
}, async () => {
  await newestVersionOf(ids[0] ?? "");
  const url = `${service.url}/v1/accounts/${ids[0]}/stream`;
  const stream = await openStream(url, authorization(), "1");
  for (let i = 0; i < 3; i += 1) {
    await applied(500);
    await postgres.kill();
    await pause(200);
    await postgres.restart();
    const [shown, asked] = await newestVersionOf(ids[i] ?? "");
    expect(shown).toBeGreaterThanOrEqual(asked);
  }
  await expectFold();
  const last = log.events.findLast(({ streamId }) => streamId === ids[0])?.version ?? 0;
  for (let version = 2; version <= last; version += 1) {
    expect((await stream.next())?.data.version).toBe(version);
  }
  stream.hangUp();
});

test("a database that is dropped under load is filled again from the first event on", {
  timeout: TIMEOUT_MS,
}, async () => {
  await applied(1_000);
  await newestVersionOf(ids[0] ?? "");
  await postgres.dropDatabase();
  const [shown, asked] = await newestVersionOf(ids[0] ?? "");
  expect(shown).toBeGreaterThanOrEqual(asked);
  // It has rested since before the drop: nothing that comes now speaks of it.
  const [rested, all] = await newestVersionOf(ids[39] ?? "");
  expect(rested).toBe(all);
  await expectFold();
});

test("a dropped database is rebuilt by an operator while the service fills it, too", {
  timeout: TIMEOUT_MS,
}, async () => {
  await applied(1_000);
  await postgres.dropDatabase();
  const { owner: ownerUrl, projector: projectorUrl } = postgres.urls;
  const deps = { ownerUrl, projectorUrl, log: pagesOf(log), logger };
  await rebuild(deps);
  await switchOver(deps);
  await applied(200);
  await expectFold();
});

import { randomBytes } from "node:crypto";
import {
  createConsistencyTokens,
  createInnerSigner,
  type Env,
  ed25519FromSeed,
  ed25519PublicKey,
  type RunningService,
} from "@countinghouse/service-kit";
import { afterEach, beforeEach, expect, test } from "vitest";
import { start } from "../src/main.ts";
import { freshDatabase, type TestDatabase, withoutDatabase } from "./support/database.ts";
import { FakeLog, OWNER } from "./support/fake-log.ts";
import { differencesFromLog } from "./support/fold-of-log.ts";
import { type StubRelay, stubRelay } from "./support/stub-relay.ts";

const [GATEWAY, QUERY, KEY] = [randomBytes(32), randomBytes(32), randomBytes(32)];
const publicKey = (seed: Buffer) => ed25519PublicKey(ed25519FromSeed(seed));
const signer = createInnerSigner("gateway", GATEWAY.toString("base64url"));
const tokens = createConsistencyTokens(KEY);

let database: TestDatabase;
let log: FakeLog;
let relay: StubRelay;
let service: RunningService;
let env: Env;

beforeEach(async () => {
  database = await freshDatabase();
  log = new FakeLog();
  relay = await stubRelay(log);
  env = {
    DATABASE_URL: database.reader,
    PROJECTOR_DATABASE_URL: database.projector,
    RELAY_URL: relay.url,
    TOKEN_KEY: KEY.toString("base64url"),
    INNER_PRIVATE_KEY: QUERY.toString("base64url"),
    INNER_PUBLIC_KEYS: JSON.stringify({ gateway: publicKey(GATEWAY) }),
    ENVIRONMENT: "test",
    LOG_LEVEL: "silent",
  };
  service = await start(env);
});
afterEach(async () => {
  await service.close();
  await relay.close();
  database.release();
});

async function get(path: string, token?: string) {
  const user = { userId: OWNER, sessionId: OWNER, roles: ["customer" as const] };
  const headers = {
    authorization: `Bearer ${signer.forUser("query", user)}`,
    ...(token !== undefined && { "consistency-token": token }),
  };
  const response = await fetch(service.url + path, { headers });
  return { status: response.status, body: (await response.json()) as { version?: number } };
}

const versionOf = async (accountId: string, version: number) => {
  const { body } = await get(`/v1/accounts/${accountId}`, tokens.mint([{ accountId, version }]));
  return body.version;
};

const metric = async (name: string) => {
  const text = await (await fetch(`${service.internalUrl}/metrics`)).text();
  const line = text.split("\n").find((one) => one.startsWith(`${name}{`));
  return line === undefined ? undefined : Number(line.split(" ").at(-1));
};

test("[S47] the service follows the log and shows what a token names", async () => {
  const id = log.open();
  for (let version = 2; version <= 20; version += 1) {
    log.deposit(id, "1.00");
    expect(await versionOf(id, version)).toBe(version);
  }
  const ranges = tokens.mintRanges([{ ledger: 1, first: log.events.length, count: 1 }]);
  expect((await get("/v1/accounts", ranges)).status).toBe(200);
  expect(await differencesFromLog(database.projector, log.events)).toEqual([]);
});

test("a ledger that is opened later is followed, too", { timeout: 20_000 }, async () => {
  await versionOf(log.open(), 1);
  const second = new FakeLog(2);
  relay.logs.push(second);
  const id = second.open();
  await expect
    .poll(() => get(`/v1/accounts/${id}`), { timeout: 15_000 })
    .toMatchObject({
      status: 200,
      body: { version: 1 },
    });
});

test("queries are answered while the log is away, and go on when it is back", async () => {
  const id = log.open();
  await versionOf(id, 1);
  relay.away(true);
  log.deposit(id, "1.00");
  expect((await get(`/v1/accounts/${id}`)).body.version).toBe(1);
  expect((await fetch(`${service.url}/readyz`)).status).toBe(200);
  relay.away(false);
  await expect
    .poll(async () => (await get(`/v1/accounts/${id}`)).body.version, {
      timeout: 10_000,
    })
    .toBe(2);
});

test("a restart goes on where the tables are", async () => {
  const id = log.open();
  await versionOf(id, 1);
  await service.close();
  log.deposit(id, "1.00");
  service = await start(env);
  expect(await versionOf(id, 2)).toBe(2);
  expect(await metric("projection_repeated_events_total")).toBe(0);
});

test("a restart tries parked accounts again", async () => {
  const id = log.open();
  const bad = log.append(id, "AccountGilded", {});
  await expect.poll(() => metric("parked_accounts")).toBe(1);
  await service.close();
  log.events[1] = { ...bad, type: "AccountFrozen" };
  service = await start(env);
  expect(await versionOf(id, 2)).toBe(2);
  expect(await metric("parked_accounts")).toBe(0);
});

test("metrics say how far the projections are", async () => {
  await versionOf(log.open(), 1);
  await expect.poll(() => metric("projection_lag_events")).toBe(0);
  expect(await metric("projection_lag_seconds")).toBe(0);
  expect(await metric("consistency_waiters")).toBe(0);
});

test("[S58] without its database the service is not ready, and lives", async () => {
  await withoutDatabase(database, async () => {
    await expect.poll(async () => (await fetch(`${service.url}/readyz`)).status).toBe(503);
    expect((await fetch(`${service.url}/livez`)).status).toBe(200);
    expect((await get("/v1/accounts")).status).toBe(503);
  });
  await expect.poll(async () => (await fetch(`${service.url}/readyz`)).status).toBe(200);
});

test("a missing setting is named, and no value is shown", async () => {
  const { TOKEN_KEY: _, ...rest } = env;
  const wrong = { ...rest, RELAY_URL: "ftp://secret" };
  const error = await start(wrong).catch((thrown: Error) => thrown);
  expect(String(error)).toMatch(/TOKEN_KEY is not set/);
  expect(String(error)).toMatch(/RELAY_URL/);
  expect(String(error)).not.toContain("secret");
});

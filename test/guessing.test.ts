import { randomUUID } from "node:crypto";
import { Agent, request } from "node:http";
import { findRunning, readSettings, urlFor } from "@countinghouse/cli";
import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openBank, type RunningBank } from "./support/running-bank.ts";

const [GUESSES, ADDRESSES, AT_ONCE] = [10_000, 500, 64];
const TIMEOUT_MS = 240_000;
/** Five, and one more each time that a lock of a minute, of two, of four … has run out. */
const TRIED_MAX = 5 + 3;

let bank: RunningBank;
const agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE });
beforeAll(async () => {
  bank = await openBank([], { TRUSTED_PROXIES: "127.0.0.1", RATE_LIMIT_LOGIN: "60" });
}, 120_000);
afterAll(async () => {
  agent.destroy();
  await bank.close();
});

/** Posts as a trusted proxy does for the client at `from`; gives the status. */
function post(path: string, body: object, from: string): Promise<number> {
  const text = JSON.stringify(body);
  const headers = {
    "content-type": "application/json",
    "content-length": Buffer.byteLength(text),
    "user-agent": "guesses/1.0",
    "x-forwarded-for": from,
  };
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const sent = request(bank.url + path, { method: "POST", agent, headers }, (answer) => {
    answer.resume().on("end", () => resolve(answer.statusCode ?? 0));
  });
  sent.on("error", reject).end(text);
  return promise;
}

/** Sends 10,000 guesses from 500 addresses, many at once; gives how often each status came. */
async function attack(emailOf: (i: number) => string): Promise<Record<number, number>> {
  const counts: Record<number, number> = {};
  let next = 0;
  const worker = async () => {
    for (let i = next++; i < GUESSES; i = next++) {
      const from = `203.0.${Math.floor((i % ADDRESSES) / 250)}.${(i % 250) + 1}`;
      const body = { email: emailOf(i), password: `guess number ${i}` };
      const status = await post("/v1/auth/login", body, from);
      counts[status] = (counts[status] ?? 0) + 1;
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return counts;
}

test("[S83] 10,000 guesses from 500 addresses get no further than the limit", {
  timeout: TIMEOUT_MS,
}, async () => {
  const victim = { email: `${randomUUID()}@example.com`, password: `Zx9-${randomUUID()}` };
  const home = "198.51.100.7";
  expect(await post("/v1/auth/register", { ...victim, fullName: "Ada" }, home)).toBe(201);
  expect(await post("/v1/auth/login", victim, home)).toBe(200);

  const counts = await attack(() => victim.email);
  const { 401: tried = 0, 429: refused = 0 } = counts;
  expect(tried).toBeGreaterThanOrEqual(5);
  expect(tried).toBeLessThanOrEqual(TRIED_MAX);
  expect(tried + refused).toBe(GUESSES);

  expect(await post("/v1/auth/login", victim, home)).toBe(200);
  expect(await post("/v1/auth/login", victim, "203.0.113.200")).toBe(429);

  await bank.kill();
  await bank.restart();
  expect(await post("/v1/auth/login", victim, "203.0.113.201")).toBe(429);
  expect(await post("/v1/auth/login", victim, home)).toBe(200);

  // The server has another port since it was started again.
  const { server } = findRunning(readSettings(bank.env));
  const owner = new pg.Client(urlFor(server, "countinghouse_auth_owner", "auth"));
  await owner.connect();
  const { rows } = await owner.query("SELECT max(failures) AS most FROM auth.guesses");
  expect(rows[0].most).toBeLessThanOrEqual(TRIED_MAX);
  await owner.end();
});

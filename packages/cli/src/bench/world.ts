import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { createInnerSigner, deriveKey } from "@countinghouse/service-kit";
import { CliError } from "../cli-error.ts";
import type { Payer } from "./load/plan.ts";

const USERS = 64;
const [AMOUNT, CURRENCY] = ["1000000000.00", "EUR"];
/** Requests under way at once while the world is made. */
const IN_FLIGHT = 48;
/** Of those that hash a password: auth runs behind others, and none should wait for too many. */
const HASHING_IN_FLIGHT = 4;
/** How often, and how far apart, one is tried who meets a machine too busy to hash. */
const [TRIES_MAX, BUSY_MS] = [10, 1_000];

/** The people and accounts of a benchmark. */
export interface World {
  /** Every user with the accounts that are theirs, as the gateway knows them. */
  readonly throughGateway: readonly Payer[];
  /** The same with fresh inner tokens, which live for a minute. */
  straightToCommand(): readonly Payer[];
  readonly accounts: readonly string[];
}

export interface Doors {
  readonly gatewayUrl: string;
  readonly commandUrl: string;
  readonly secretKey: string;
}

const LIMITED =
  "This bank limits requests, and a load of hundreds of users at one address is over it; start it" +
  " with RATE_LIMIT_ADDRESS=0 RATE_LIMIT_USER=0 RATE_LIMIT_LOGIN=0 RATE_LIMIT_REGISTER=0.";

interface User {
  readonly userId: string;
  readonly token: string;
  readonly accounts: string[];
}

/**
 * Registers users, opens `count` accounts for them and pays money in, all through the public door
 * or the command service's. `onStep` is told how far it is, from 0 to 1.
 */
export async function createWorld(
  doors: Doors,
  count: number,
  onStep: (done: number) => void,
): Promise<World> {
  const signer = createInnerSigner(
    "gateway",
    deriveKey(doors.secretKey, "inner:gateway").toString("base64url"),
  );
  const innerTokenOf = (userId: string) => {
    return signer.forUser("command", { userId, sessionId: randomUUID(), roles: ["customer"] });
  };
  const users = await inParallel(USERS, () => register(doors.gatewayUrl), HASHING_IN_FLIGHT);
  const tokens = users.map(({ userId }) => innerTokenOf(userId));
  let opened = 0;
  const accounts = await inParallel(count, async (i) => {
    const owner = i % USERS;
    const accountId = await openAccount(doors.commandUrl, tokens[owner] ?? "");
    users[owner]?.accounts.push(accountId);
    opened += 1;
    onStep(opened / count);
    return accountId;
  });
  return {
    throughGateway: users,
    straightToCommand: () => {
      return users.map(({ userId, accounts }) => ({ token: innerTokenOf(userId), accounts }));
    },
    accounts,
  };
}

/** A person of the load; one who meets a machine too busy for a login makes room for another. */
async function register(url: string): Promise<User> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await person(url);
    } catch (error) {
      if (!(error instanceof BusyError) || tries === TRIES_MAX) throw error;
      await delay(BUSY_MS);
    }
  }
}

async function person(url: string): Promise<User> {
  const [email, password] = [`${randomUUID()}@bench.example`, randomUUID()];
  const body = { email, password, fullName: "Bench" };
  const { userId } = await post(`${url}/v1/auth/register`, body);
  const { accessToken } = await post(`${url}/v1/auth/login`, { email, password });
  return { userId: String(userId), token: String(accessToken), accounts: [] };
}

/** Opens an account with money in it. */
export async function openAccount(url: string, token: string): Promise<string> {
  const opening = { type: "checking", currency: CURRENCY };
  const { accountId } = await post(`${url}/v1/accounts`, opening, token);
  const amount = { value: AMOUNT, currency: CURRENCY };
  await post(`${url}/v1/accounts/${accountId}/deposits`, { amount }, token);
  return String(accountId);
}

async function post(url: string, body: object, token?: string): Promise<Record<string, unknown>> {
  const headers = {
    "content-type": "application/json",
    "idempotency-key": randomUUID(),
    ...(token !== undefined && { authorization: `Bearer ${token}` }),
  };
  const response = await fetch(url, { method: "POST", headers, body: JSON.stringify(body) });
  if (response.status === 429) throw new CliError(LIMITED);
  const answer = (await response.json()) as Record<string, unknown>;
  if (response.status === 503) throw new BusyError(`${url} answered 503`);
  if (!response.ok) throw new Error(`${url} answered ${response.status} ${answer.code}`);
  return answer;
}

class BusyError extends Error {}

async function inParallel<T>(
  count: number,
  work: (i: number) => Promise<T>,
  inFlight = IN_FLIGHT,
): Promise<T[]> {
  const results: T[] = [];
  let next = 0;
  async function worker(): Promise<void> {
    while (next < count) {
      const i = next;
      next += 1;
      results[i] = await work(i);
    }
  }
  await Promise.all(Array.from({ length: Math.min(inFlight, count) }, worker));
  return results;
}

// How long queries take on millions of entries: node services/query/bench/reads.ts [entries]
import { fork } from "node:child_process";
import { randomBytes, randomInt } from "node:crypto";
import { once } from "node:events";
import { Agent, get } from "node:http";
import { join } from "node:path";
import { createInnerSigner, ed25519FromSeed, ed25519PublicKey } from "@countinghouse/service-kit";
import { fillReadTables, type World } from "./read-tables.ts";
import type { ReadsAppEnv } from "./reads-app.ts";
import { openWorld } from "./world.ts";

const ENTRIES = Number(process.argv[2] ?? 10_000_000);
const ACCOUNTS = 20_000;
const [SECONDS, WARM_UP_SECONDS] = [3, 1];
/** Requests under way at once: one shows what a query takes, four fill two cores. */
const AT_ONCE = [1, 4];
const ALL_AT_ONCE = Math.max(...AT_ONCE);
/** Accounts whose deep pages are asked for, and how many pages of 100 lie before those. */
const [DEEP_ACCOUNTS, DEEP] = [200, 4];
const TRIAL_BALANCE = "/v1/ledger/trial-balance";
const MONTH = "from=2026-02-01&to=2026-03-01";
/** How long a token is used; it would live for a minute. */
const TOKEN_MS = 30_000;
const OWNER = "11111111-1111-4111-8111-111111111111";

const world = await openWorld();
try {
  const began = performance.now();
  const span = await fillReadTables(world, { accounts: ACCOUNTS, entries: ENTRIES });
  const seconds = Math.round((performance.now() - began) / 1000);
  process.stdout.write(`${ENTRIES} entries of ${ACCOUNTS} accounts, made in ${seconds} s\n`);
  await measureAll(world, span);
} finally {
  await world.close();
}

async function measureAll({ urls }: World, span: { fromMs: number; toMs: number }): Promise<void> {
  const seed = randomBytes(32);
  const publicKey = ed25519PublicKey(ed25519FromSeed(seed));
  const keys = JSON.stringify({ gateway: publicKey });
  const env: ReadsAppEnv = { READER_URL: urls.reader, INNER_PUBLIC_KEYS: keys };
  const child = fork(join(import.meta.dirname, "reads-app.ts"), {
    env: { ...process.env, ...env },
  });
  const [{ port, floorPort }] = (await once(child, "message")) as [Record<string, number>];
  const tokenOf = createTokens(seed);
  const agent = new Agent({ keepAlive: true, maxSockets: ALL_AT_ONCE });
  const ask = async (at: number | undefined, path: string) => {
    return read(agent, at ?? 0, path, tokenOf(path === TRIAL_BALANCE ? "auditor" : "customer"));
  };
  const deep = await deepPages((path) => ask(port, path));
  const newest = () => `${account()}/transactions?limit=50`;
  const moment = () => new Date(randomInt(span.fromMs, span.toMs)).toISOString();
  const paths: [what: string, at: number | undefined, path: () => string][] = [
    ["floor: a page, no database", floorPort, newest],
    ["an account", port, account],
    ["newest page", port, newest],
    ["page behind 400 others", port, () => deep[randomInt(deep.length)] ?? ""],
    ["page before a past moment", port, () => `${newest()}&to=${moment()}`],
    ["balance at a past moment", port, () => `${account()}/balance?at=${moment()}`],
    ["a month of balances", port, () => `${account()}/daily-balances?${MONTH}`],
    ["trial balance of ten years", port, () => TRIAL_BALANCE],
  ];
  for (const atOnce of AT_ONCE) {
    process.stdout.write(`${atOnce} at once:\n`);
    for (const [what, at, path] of paths) {
      const times = await timesOf(atOnce, () => ask(at, path()));
      process.stdout.write(`  ${what.padEnd(28)} ${shown(times)}\n`);
    }
  }
  child.disconnect();
}

/** As the gateway does, which mints one for many requests. */
function createTokens(seed: Buffer): (role: "auditor" | "customer") => string {
  const signer = createInnerSigner("gateway", seed.toString("base64url"));
  const minted = new Map<string, { token: string; untilMs: number }>();
  return (role) => {
    const known = minted.get(role);
    if (known !== undefined && performance.now() < known.untilMs) return known.token;
    const user = { userId: OWNER, sessionId: OWNER, roles: [role] };
    const token = signer.forUser("query", user);
    minted.set(role, { token, untilMs: performance.now() + TOKEN_MS });
    return token;
  };
}

function account(): string {
  const id = randomInt(1, ACCOUNTS + 1).toString(16);
  return `/v1/accounts/019ab5f0-7c3e-8001-a000-${id.padStart(12, "0")}`;
}

function read(agent: Agent, port: number, path: string, token: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${token}` };
    const request = get({ host: "127.0.0.1", port, path, agent, headers }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on("data", (chunk: Buffer) => chunks.push(chunk));
      answer.on("end", () => {
        if (answer.statusCode === 200) resolve(Buffer.concat(chunks).toString());
        else reject(new Error(`${path} answered ${answer.statusCode}`));
      });
    });
    request.on("error", reject);
  });
}

/** Pages behind others, by the cursors that lead there. */
async function deepPages(ask: (path: string) => Promise<string>): Promise<string[]> {
  const pages: string[] = [];
  while (pages.length < DEEP_ACCOUNTS) {
    const path = `${account()}/transactions?limit=100`;
    let cursor = "";
    for (let page = 0; page < DEEP; page += 1) {
      const { nextCursor } = JSON.parse(await ask(path + cursor));
      cursor = `&cursor=${nextCursor}`;
    }
    pages.push(path + cursor);
  }
  return pages;
}

async function timesOf(atOnce: number, ask: () => Promise<unknown>): Promise<number[]> {
  const times: number[] = [];
  const measuredFrom = performance.now() + WARM_UP_SECONDS * 1_000;
  const until = measuredFrom + SECONDS * 1_000;
  const work = async () => {
    for (let began = performance.now(); began < until; began = performance.now()) {
      await ask();
      if (began >= measuredFrom) times.push(performance.now() - began);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  return times;
}

function shown(times: number[]): string {
  const sorted = times.toSorted((a, b) => a - b);
  const at = (share: number) => (sorted[Math.floor(sorted.length * share)] ?? 0).toFixed(1);
  const rate = Math.round(times.length / SECONDS);
  return `${String(rate).padStart(6)} a second, p50 ${at(0.5)} ms, p99 ${at(0.99)} ms`;
}

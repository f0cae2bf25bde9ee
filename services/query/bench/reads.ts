// How long queries take on millions of entries: node services/query/bench/reads.ts [entries]
import { randomBytes, randomInt } from "node:crypto";
import type { AddressInfo } from "node:net";
import {
  createConsistencyTokens,
  createInnerSigner,
  createInnerVerifier,
  createKysely,
  createLogger,
  createMetrics,
  createPool,
  ed25519FromSeed,
  ed25519PublicKey,
} from "@countinghouse/service-kit";
import { buildApp } from "../src/app.ts";
import { createWaitingRoom } from "../src/consistency/waiting-room.ts";
import { createCursors } from "../src/cursors.ts";
import { createLiveHub } from "../src/live/hub.ts";
import { createLook, createReadNext } from "../src/reader.ts";
import { createPrinter } from "../src/statements/pdf/printer.ts";
import { READ_SCHEMA, type Tables } from "../src/tables.ts";
import { fillReadTables, type World } from "./read-tables.ts";
import { openWorld } from "./world.ts";

const ENTRIES = Number(process.argv[2] ?? 10_000_000);
const ACCOUNTS = 20_000;
const REQUESTS = 4_000;
const WARM_UP = 500;
const AT_ONCE = 4;
const OWNER = "11111111-1111-4111-8111-111111111111";

const world = await openWorld();
try {
  const began = performance.now();
  const span = await fillReadTables(world, { accounts: ACCOUNTS, entries: ENTRIES });
  const seconds = Math.round((performance.now() - began) / 1000);
  process.stdout.write(`${ENTRIES} entries of ${ACCOUNTS} accounts, made in ${seconds} s\n`);
  await measure(world, span);
} finally {
  await world.close();
}

async function measure({ urls }: World, { fromMs, toMs }: { fromMs: number; toMs: number }) {
  const logger = createLogger("bench", { LOG_LEVEL: "silent" });
  const db = createKysely<Tables>(createPool(urls.reader, "bench", logger));
  const reading = db.withSchema(READ_SCHEMA);
  const [key, seed] = [randomBytes(32), randomBytes(32)];
  const observer = { sent: () => undefined, ended: () => undefined };
  const publicKey = ed25519PublicKey(ed25519FromSeed(seed));
  const app = buildApp({
    ...{ db: reading, logger, metrics: createMetrics("bench"), readiness: [] },
    ...{ timeZone: "UTC", log: { readStream: async () => [] }, printer: createPrinter() },
    tokens: createConsistencyTokens(key),
    resolveRanges: async () => [],
    waitingRoom: createWaitingRoom(createLook(reading)),
    cursors: createCursors(key),
    live: createLiveHub({ read: createReadNext(reading), logger, observer }),
    now: () => new Date(),
    latestProposals: async () => [],
    verify: createInnerVerifier("query", JSON.stringify({ gateway: publicKey })),
  });
  await app.listen({ host: "127.0.0.1", port: 0 });
  const url = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`;
  const signer = createInnerSigner("gateway", seed.toString("base64url"));
  const headers = () => {
    const user = { userId: OWNER, sessionId: OWNER, roles: ["customer" as const] };
    return { authorization: `Bearer ${signer.forUser("query", user)}` };
  };
  let bearer = headers();
  const moment = () => new Date(fromMs + Math.random() * (toMs - fromMs));
  const account = () => `/v1/accounts/${idOf(randomInt(1, ACCOUNTS + 1))}`;
  const paths: Record<string, () => string> = {
    account,
    "newest page": () => `${account()}/transactions?limit=50`,
    "page from a random moment": () => {
      return `${account()}/transactions?limit=50&to=${moment().toISOString()}`;
    },
    "balance at a random moment": () => `${account()}/balance?at=${moment().toISOString()}`,
    "a month of daily balances": () => {
      return `${account()}/daily-balances?from=2026-02-01&to=2026-03-01`;
    },
  };
  for (const [what, path] of Object.entries(paths)) {
    bearer = headers();
    const times = await timesOf(async () => {
      const answer = await fetch(url + path(), { headers: bearer });
      await answer.arrayBuffer();
      if (answer.status !== 200) throw new Error(`${what}: ${answer.status}`);
    });
    process.stdout.write(`${what.padEnd(28)} ${shown(times)}\n`);
  }
  const deep = await deepPages(url, bearer);
  process.stdout.write(`${"page behind 200 others".padEnd(28)} ${shown(deep)}\n`);
  await app.close();
  await db.destroy();
}

async function timesOf(ask: () => Promise<void>): Promise<number[]> {
  const times: number[] = [];
  let left = REQUESTS + WARM_UP;
  const work = async () => {
    while (left > 0) {
      left -= 1;
      const isWarm = left < REQUESTS;
      const began = performance.now();
      await ask();
      if (isWarm) times.push(performance.now() - began);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return times;
}

/** Walks histories from their newest page on; counts the pages that are deep. */
async function deepPages(url: string, headers: Record<string, string>): Promise<number[]> {
  const times: number[] = [];
  while (times.length < REQUESTS / 8) {
    const path = `${url}/v1/accounts/${idOf(randomInt(1, ACCOUNTS + 1))}/transactions?limit=2`;
    let cursor: string | null = null;
    for (let page = 0; page < 220; page += 1) {
      const began = performance.now();
      const answer: Response = await fetch(cursor === null ? path : `${path}&cursor=${cursor}`, {
        headers,
      });
      const body = (await answer.json()) as { nextCursor: string | null };
      if (page >= 200) times.push(performance.now() - began);
      cursor = body.nextCursor;
      if (cursor === null) break;
    }
  }
  return times;
}

function idOf(n: number): string {
  return `019ab5f0-7c3e-8001-a000-${n.toString(16).padStart(12, "0")}`;
}

function shown(times: number[]): string {
  const sorted = times.toSorted((a, b) => a - b);
  const at = (share: number) => (sorted[Math.floor(sorted.length * share)] ?? 0).toFixed(1);
  return `p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, slowest ${at(0.9999)} ms (${sorted.length})`;
}

// From acknowledged to sealed, under a steady load on the whole system, a process a service:
// node services/audit/bench/delay.ts [commands a second] [seconds]
import { type ChildProcess, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { findRunning, freePorts, readSettings, urlFor } from "@countinghouse/cli";
import { parseCheckpoint } from "@countinghouse/transparency";
import pg from "pg";

const ROOT = resolve(import.meta.dirname, "../../..");
const [RATE, SECONDS] = [Number(process.argv[2] ?? 500), Number(process.argv[3] ?? 60)];
const ACCOUNTS = 50;
const [TICK_MS, POLL_MS, PATIENCE_MS] = [10, 10, 20_000];

const folder = mkdtempSync(join(tmpdir(), "countinghouse-bench-"));
const [port] = await freePorts(1);
const url = `http://127.0.0.1:${port}`;
const noLimits = ["ADDRESS", "USER", "LOGIN", "REGISTER"].map((name) => [
  `RATE_LIMIT_${name}`,
  "0",
]);
const env = {
  ...{ ...process.env, ...Object.fromEntries(noLimits) },
  ...{ PORT: String(port), COUNTINGHOUSE_DATA: folder },
};
const bank = await startBank();
try {
  const { post, accounts } = await newClient();
  const acknowledged = new Map<string, number>();
  const looks = watchCheckpoints();
  const refused = await load(post, accounts, acknowledged);
  const positions = await positionsOf();
  await looks.until(Math.max(...positions.values()));
  const times = [...acknowledged].map(([id, atMs]) => {
    return Math.max(0, looks.sealedAt(positions.get(id) ?? Number.NaN) - atMs);
  });
  const sorted = times.toSorted((a, b) => a - b);
  const at = (share: number) => Math.round(sorted[Math.floor(sorted.length * share)] ?? Number.NaN);
  process.stdout.write(`${times.length} commands acknowledged in ${SECONDS} s, ${refused} not: `);
  process.stdout.write(`sealed after p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, `);
  process.stdout.write(`slowest ${at(0.99999)} ms\n`);
} finally {
  process.kill(-(bank.pid ?? 0), "SIGINT");
  await once(bank, "exit");
  rmSync(folder, { recursive: true, force: true });
}

async function startBank(): Promise<ChildProcess> {
  const args = [join(ROOT, "tools/bootstrap.mjs"), "start", "--processes"];
  const stdio: ["ignore", "pipe", "inherit"] = ["ignore", "pipe", "inherit"];
  const child = spawn(process.execPath, args, { env, stdio, detached: true });
  let output = "";
  for await (const chunk of child.stdout) {
    output += chunk;
    if (output.includes("Ctrl-C")) break;
  }
  child.stdout.resume();
  return child;
}

type Post = (path: string, body: object) => Promise<Response>;

async function newClient(): Promise<{ post: Post; accounts: string[] }> {
  const person = { email: `${randomUUID()}@example.com`, password: `Zx9-${randomUUID()}` };
  const json = { "content-type": "application/json" };
  const bare: Post = (path, body) => {
    return fetch(url + path, { method: "POST", headers: json, body: JSON.stringify(body) });
  };
  await bare("/v1/auth/register", { ...person, fullName: "Ada Tester" });
  const login = (await (await bare("/v1/auth/login", person)).json()) as { accessToken: string };
  const post: Post = (path, body) => {
    const headers = { ...json, authorization: `Bearer ${login.accessToken}` };
    const keyed = { ...headers, "idempotency-key": randomUUID() };
    return fetch(url + path, { method: "POST", headers: keyed, body: JSON.stringify(body) });
  };
  const open = async () => {
    const opened = await post("/v1/accounts", { type: "checking", currency: "EUR" });
    return ((await opened.json()) as { accountId: string }).accountId;
  };
  return { post, accounts: await Promise.all(Array.from({ length: ACCOUNTS }, open)) };
}

/** So many commands a second, whether earlier ones are answered or not; gives how many failed. */
async function load(
  post: Post,
  accounts: readonly string[],
  acknowledged: Map<string, number>,
): Promise<number> {
  const amount = { value: "1.00", currency: "EUR" };
  const underWay: Promise<void>[] = [];
  let refused = 0;
  const one = async (i: number) => {
    const path = `/v1/accounts/${accounts[i % accounts.length]}/deposits`;
    const answer = await post(path, { amount }).catch(() => undefined);
    const body = (await answer?.json().catch(() => undefined)) as { transactionId?: string };
    if (answer?.status === 201) acknowledged.set(body.transactionId ?? "", performance.now());
    else refused += 1;
  };
  const began = performance.now();
  let sent = 0;
  for (;;) {
    const elapsedMs = performance.now() - began;
    if (elapsedMs > SECONDS * 1_000) break;
    for (; sent < (elapsedMs * RATE) / 1_000; sent += 1) underWay.push(one(sent));
    await delay(TICK_MS);
  }
  await Promise.all(underWay);
  return refused;
}

/** Asks for the newest checkpoint over and over, and notes when each size was seen first. */
function watchCheckpoints() {
  const seen: { atMs: number; size: number }[] = [];
  let isStopping = false;
  const look = async () => {
    while (!isStopping) {
      const note = await (await fetch(`${url}/v1/audit/checkpoint`)).text();
      const { size } = parseCheckpoint(note);
      if (size > (seen.at(-1)?.size ?? 0)) seen.push({ atMs: performance.now(), size });
      await delay(POLL_MS);
    }
  };
  const looking = look();
  return {
    sealedAt: (position: number) => seen.find(({ size }) => size >= position)?.atMs ?? Number.NaN,
    async until(size: number) {
      const untilMs = performance.now() + PATIENCE_MS;
      while ((seen.at(-1)?.size ?? 0) < size) {
        if (performance.now() > untilMs) throw new Error(`${size} events were not sealed`);
        await delay(POLL_MS);
      }
      isStopping = true;
      await looking;
    },
  };
}

/** Where the event of each transaction is in the log. */
async function positionsOf(): Promise<Map<string, number>> {
  const { server } = findRunning(readSettings(env));
  const client = new pg.Client(urlFor(server, "countinghouse_relay", "ledger"));
  await client.connect();
  const { rows } = await client.query<{ id: string; position: string }>(
    `SELECT data->>'transactionId' AS id, position FROM ledger.events
     WHERE type = 'MoneyDeposited'`,
  );
  await client.end();
  return new Map(rows.map(({ id, position }) => [id, Number(position)]));
}

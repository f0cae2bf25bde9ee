import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { type BankEvent, type Envelope, readEvent } from "@countinghouse/contracts";
import { describeWithKafka, fetchJars, startLocalBroker } from "@countinghouse/testing";
import pg from "pg";
import { describe, expect, inject, test } from "vitest";
import { newClient, openBank, type RunningBank } from "./support/running-bank.ts";
import { type Credentials, newStaff, tokenOf } from "./support/staff.ts";

const MAIN = resolve(import.meta.dirname, "../examples/fraud-subscriber/main.ts");
const MINUTES_MS = 60_000;
const KILLS = 3;
const WITHIN = { timeout: MINUTES_MS, interval: 50 };

interface Alert {
  readonly account_id: string;
  readonly transfer_id: string;
  readonly rule: string;
}

test("the example has fewer than 60 lines", () => {
  expect(readFileSync(MAIN, "utf8").trimEnd().split("\n").length).toBeLessThan(60);
});

describe("the fraud subscriber, killed again and again, raises each alert once", () => {
  test("over the log by HTTP", { timeout: 3 * MINUTES_MS }, async () => {
    const bank = await openBank();
    await watch(bank, {}).finally(() => bank.close());
  });

  describeWithKafka("with Kafka", () => {
    test("over Kafka", { timeout: 3 * MINUTES_MS }, async () => {
      await fetchJars();
      const broker = await startLocalBroker(mkdtempSync(join(tmpdir(), "countinghouse-kafka-")));
      const settings = { KAFKA_BROKERS: broker.brokers };
      try {
        const bank = await openBank([], settings);
        await watch(bank, settings).finally(() => bank.close());
      } finally {
        await broker.stop();
      }
    });
  });
});

/** Moves money while the subscriber is killed, and compares its alerts with those of the log. */
async function watch(bank: RunningBank, settings: Record<string, string>): Promise<void> {
  const auditor = await newStaff(bank, ["auditor"]);
  const database = await createDatabase();
  const env = {
    ...process.env,
    ...settings,
    BANK_URL: bank.url,
    BANK_EMAIL: auditor.email,
    BANK_PASSWORD: auditor.password,
    DATABASE_URL: database.url,
  };
  let subscriber = start(env);
  for (let kill = 1; kill <= KILLS; kill += 1) {
    const before = await database.sent();
    await moveMoney(bank);
    await expect.poll(database.sent, WITHIN).toBeGreaterThan(before);
    const ended = once(subscriber, "exit");
    subscriber.kill("SIGKILL");
    await ended;
    subscriber = start(env);
  }
  await moveMoney(bank);
  const events = await readLog(bank, auditor);
  const sent = events.filter((event) => event.type === "TransferSent");
  await expect.poll(database.sent, WITHIN).toBe(sent.length);
  const wanted = alertsOf(sent);
  expect(wanted.some(({ rule }) => rule === "large")).toBe(true);
  expect(wanted.some(({ rule }) => rule === "often")).toBe(true);
  expect((await database.alerts()).map(nameOf).sort()).toEqual(wanted.map(nameOf).sort());
  const ended = once(subscriber, "exit");
  subscriber.kill("SIGINT");
  expect(await ended).toEqual([0, null]);
  await database.drop();
}

function start(env: NodeJS.ProcessEnv): ChildProcess {
  return spawn(process.execPath, [MAIN], { env, stdio: ["ignore", "ignore", "inherit"] });
}

/** One account that sends little and often, one that sends much once. */
async function moveMoney(bank: RunningBank): Promise<void> {
  const client = await newClient(bank.url);
  const euros = (value: string) => ({ value, currency: "EUR" });
  const ask = async (path: string, body: object) => {
    const response = await client.command(path, body);
    if (response.status !== 201) throw new Error(await response.text());
    return (await response.json()) as { accountId: string };
  };
  const open = async () => {
    const { accountId } = await ask("/v1/accounts", { type: "checking", currency: "EUR" });
    await ask(`/v1/accounts/${accountId}/deposits`, { amount: euros("50000.00") });
    return accountId;
  };
  const [busy, rich] = [await open(), await open()];
  const send = (fromAccountId: string, toAccountId: string, value: string) => {
    return ask("/v1/transfers", { fromAccountId, toAccountId, amount: euros(value) });
  };
  for (let i = 0; i < 5; i += 1) await send(busy, rich, "9.99");
  await send(rich, busy, "9999.99");
  await send(rich, busy, "10000.00");
}

/** The whole log, each event as its schema has it. */
async function readLog(bank: RunningBank, auditor: Credentials): Promise<BankEvent[]> {
  const headers = { authorization: `Bearer ${await tokenOf(bank.url, auditor)}` };
  const response = await fetch(`${bank.url}/v1/events?limit=10000`, { headers });
  const lines = (await response.text()).trimEnd().split("\n");
  return lines.map((line) => readEvent(JSON.parse(line) as Envelope));
}

/** The rules of the example once more, over the log. */
function alertsOf(sent: readonly BankEvent<"TransferSent">[]): Alert[] {
  return sent.flatMap(({ streamId, recordedAt, data, version }) => {
    const recent = sent.filter((other) => {
      const agoMs = Date.parse(recordedAt) - Date.parse(other.recordedAt);
      return other.streamId === streamId && other.version <= version && agoMs < MINUTES_MS;
    });
    const rules = [
      ...(data.amount.value.length >= "10000.00".length ? ["large"] : []),
      ...(recent.length >= 3 ? ["often"] : []),
    ];
    const { transferId: transfer_id } = data;
    return rules.map((rule) => ({ account_id: streamId, transfer_id, rule }));
  });
}

function nameOf({ account_id, transfer_id, rule }: Alert): string {
  return `${rule} ${account_id} ${transfer_id}`;
}

/** A database of the subscriber's own, on another server than the bank's. */
async function createDatabase() {
  const name = `fraud_${randomBytes(6).toString("hex")}`;
  const admin = new pg.Pool({ connectionString: inject("postgresUrl"), max: 1 });
  await admin.query(`CREATE DATABASE ${name}`);
  const url = new URL(inject("postgresUrl"));
  url.pathname = `/${name}`;
  const pool = new pg.Pool({ connectionString: url.href, max: 1 });
  return {
    url: url.href,
    async sent(): Promise<number> {
      // The subscriber makes its tables when it starts.
      const exists = await pool.query("SELECT to_regclass('sent') IS NOT NULL AS yes");
      if (!exists.rows[0].yes) return 0;
      return (await pool.query("SELECT count(*)::int AS sent FROM sent")).rows[0].sent;
    },
    async alerts(): Promise<Alert[]> {
      return (await pool.query<Alert>("SELECT * FROM alerts")).rows;
    },
    async drop() {
      await pool.end();
      await admin.query(`DROP DATABASE ${name} WITH (FORCE)`);
      await admin.end();
    },
  };
}

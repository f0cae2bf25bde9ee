import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { join, resolve } from "node:path";
import { readSettings, verifySystem } from "@countinghouse/cli";
import { topicsOf } from "@countinghouse/contracts";
import { describeWithKafka, kafkaBrokers } from "@countinghouse/testing";
import { Kafka, logLevel } from "kafkajs";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { newClient, openBank, type RunningBank } from "./support/running-bank.ts";
import { deposits, openAccount, sealed, superuser } from "./support/sealed-bank.ts";

const BOOTSTRAP = join(resolve(import.meta.dirname, ".."), "tools/bootstrap.mjs");
const TIMEOUT_MS = 90_000;

/** The rules that do not hold, as `part: what is wrong`. */
async function wrongIn(bank: RunningBank): Promise<string[]> {
  const { server } = bank.system;
  const settings = readSettings(bank.env);
  const { checks } = await verifySystem({ settings, server, onProgress: () => undefined });
  return checks.flatMap(({ area, first }) => first.map((what) => `${area}: ${what}`));
}

async function runVerify(bank: RunningBank, ...args: string[]) {
  const child = spawn(process.execPath, [BOOTSTRAP, "cli", "verify", ...args], {
    env: bank.env,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let [out, err] = ["", ""];
  child.stdout.on("data", (text) => (out += text));
  child.stderr.on("data", (text) => (err += text));
  const [code] = await once(child, "close");
  return { code, out, err };
}

async function aBank(settings: Record<string, string> = {}) {
  const bank = await openBank([], settings);
  const client = await newClient(bank.url);
  const [one, other] = [await openAccount(client), await openAccount(client)];
  await deposits(client, one, 5);
  const amount = { value: "2.00", currency: "EUR" };
  const transfer = { fromAccountId: one, toAccountId: other, amount };
  expect((await client.command("/v1/transfers", transfer)).status).toBe(201);
  await sealed(bank, 9);
  const isSound = async () => expect(await wrongIn(bank)).toEqual([]);
  await vi.waitFor(isSound, { timeout: 20_000, interval: 100 });
  return { bank, one, other };
}

/** What is done in a database, how it is undone, and what has to be said of it. */
type Planted = [what: string, database: string, does: string, undoes: string, said: RegExp];

const PLANTED: Planted[] = [
  [
    "an amount in the log",
    "ledger",
    `UPDATE ledger.events SET data = replace(data::text, '"1.00"', '"1.01"')::json
      WHERE position = 5`,
    `UPDATE ledger.events SET data = replace(data::text, '"1.01"', '"1.00"')::json
      WHERE position = 5`,
    /log: ledger 1: the balance after a posting .*position 5.*tree: .*root of 9 events/s,
  ],
  [
    "a head beyond the last event",
    "ledger",
    "UPDATE ledger.log_head SET position = 12",
    "UPDATE ledger.log_head SET position = 9",
    /log: ledger 1 ends at 9, its head is 12/,
  ],
  [
    "a kept balance",
    "ledger",
    `UPDATE ledger.streams SET state = (state::jsonb || '{"balance":"301"}')::json
      WHERE state ->> 'balance' = '300'`,
    `UPDATE ledger.streams SET state = (state::jsonb || '{"balance":"300"}')::json
      WHERE state ->> 'balance' = '301'`,
    /log: stream \S+ is kept with 301, its events come to 300/,
  ],
  [
    "a balance that is shown",
    "query",
    "UPDATE read.accounts SET balance_minor = 301 WHERE balance_minor = 300",
    "UPDATE read.accounts SET balance_minor = 300 WHERE balance_minor = 301",
    /read tables: ledger 1: an account that was shown is not the fold.*balance, available/,
  ],
  [
    "a running balance",
    "query",
    "UPDATE read.entries SET balance_after_minor = 201 WHERE balance_after_minor = 200",
    "UPDATE read.entries SET balance_after_minor = 200 WHERE balance_after_minor = 201",
    /read tables: account \S+: the balance at version \d does not follow/,
  ],
  [
    "a posting that is not shown",
    "query",
    `CREATE TABLE public.kept AS SELECT * FROM read.entries WHERE balance_after_minor = 500;
     DELETE FROM read.entries WHERE balance_after_minor = 500`,
    "INSERT INTO read.entries SELECT * FROM public.kept; DROP TABLE public.kept",
    /read tables: account \S+ shows 5 postings of 6/,
  ],
  [
    "an account that waits",
    "query",
    `INSERT INTO read.parked_accounts (account_id, ledger, version, event_id, reason)
     VALUES (gen_random_uuid(), 1, 7, gen_random_uuid(), 'why')`,
    "DELETE FROM read.parked_accounts",
    /read tables: account \S+ waits at version 7: why/,
  ],
  [
    "books out of balance",
    "query",
    "UPDATE read.gl_daily SET debits_minor = debits_minor + 1",
    "UPDATE read.gl_daily SET debits_minor = debits_minor - 1",
    /read tables: EUR: debits \d+, credits \d+/,
  ],
  [
    "a checkpoint that another has signed",
    "audit",
    `UPDATE audit.checkpoints SET note = replace(note, E'\\n9\\n', E'\\n8\\n') WHERE size = 9`,
    `UPDATE audit.checkpoints SET note = replace(note, E'\\n8\\n', E'\\n9\\n') WHERE size = 9`,
    /tree: ledger 1: /,
  ],
];

describe("verify", { timeout: TIMEOUT_MS }, () => {
  let bank: RunningBank;
  beforeAll(async () => {
    ({ bank } = await aBank());
  }, TIMEOUT_MS);
  afterAll(() => bank?.close());

  test("of a sound system says so, part by part, and ends with 0", async () => {
    const { code, out } = await runVerify(bank);
    expect(code).toBe(0);
    for (const part of ["log", "read tables", "tree"]) expect(out).toContain(`│ ${part}`);
    expect(out).toContain("All holds, over 9 events.");
    expect(out).toContain("not looked at: Kafka: KAFKA_BROKERS is not set");
    expect(out).not.toContain("✘");
  });

  test.each(PLANTED)("finds %s", async (_, database, does, undoes, said) => {
    const client = await superuser(bank, database);
    try {
      await client.query(does);
      expect((await wrongIn(bank)).join("\n")).toMatch(said);
      await client.query(undoes);
      expect(await wrongIn(bank)).toEqual([]);
    } finally {
      await client.end();
    }
  });

  test("of one that is not sound ends with 1 and says what, as JSON, too", async () => {
    const client = await superuser(bank, "ledger");
    await client.query("UPDATE ledger.log_head SET position = 12");
    const { code, out, err } = await runVerify(bank, "--json");
    expect(code).toBe(1);
    expect(err).toContain("The system is not as it has to be.");
    const { holds, checks } = JSON.parse(out);
    expect(holds).toBe(false);
    expect(checks.filter(({ wrong }: { wrong: number }) => wrong > 0)).toMatchObject([
      { area: "log", first: ["ledger 1 ends at 9, its head is 12"] },
    ]);
    await client.query("UPDATE ledger.log_head SET position = 9");
    await client.end();
  });
});

describeWithKafka("verify with Kafka", () => {
  test(
    "finds events that are not in the topic as they are in the log",
    async () => {
      const TOPIC_PREFIX = `verify-${randomUUID()}`;
      const settings = { KAFKA_BROKERS: kafkaBrokers().join(","), TOPIC_PREFIX };
      const { bank, one } = await aBank(settings);
      const kafka = new Kafka({ brokers: kafkaBrokers(), logLevel: logLevel.NOTHING });
      const producer = kafka.producer();
      try {
        await producer.connect();
        const headers = { ce_streamversion: "9", ce_id: randomUUID() };
        const messages = [{ key: one, value: "{}", headers }];
        await producer.send({ topic: topicsOf(TOPIC_PREFIX).accountEvents, messages });
        const said = await wrongIn(bank);
        expect(said).toContain(`Kafka: account ${one}: 9 comes after 7`);
        expect(said).toContain(`Kafka: account ${one} has no version 9 in the log`);
      } finally {
        await producer.disconnect();
        await bank.close();
      }
    },
    TIMEOUT_MS,
  );
});

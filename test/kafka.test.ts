import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fromRecord } from "@countinghouse/bus";
import { urlFor } from "@countinghouse/cli";
import { type Envelope, TOPICS } from "@countinghouse/contracts";
import { createLogReader } from "@countinghouse/event-store";
import {
  describeWithKafka,
  fetchJars,
  type SecureBroker,
  startSecureBroker,
} from "@countinghouse/testing";
import { type EachBatchPayload, Kafka, type KafkaMessage, logLevel } from "kafkajs";
import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { differencesFromLog } from "../services/query/test/support/fold-of-log.ts";
import { type Client, newClient, openBank, type RunningBank } from "./support/running-bank.ts";

const TRANSFERS = 10_000;
const ACCOUNTS = 40;
const AT_ONCE = 64;
const MINUTES_MS = 60_000;

describeWithKafka("with a Kafka that wants TLS and a name", () => {
  let [secure, bank]: [SecureBroker | undefined, RunningBank | undefined] = [undefined, undefined];
  let [log, records]: [Envelope[], KafkaMessage[]] = [[], []];

  beforeAll(async () => {
    // A broker of its own: the names of the topic and of the group are the bank's public ones.
    await fetchJars();
    secure = await startSecureBroker(mkdtempSync(join(tmpdir(), "countinghouse-kafka-")));
    bank = await openBank(["--processes"], settingsOf(secure));
    await moveMoney(bank.url);
    log = await wholeLog(bank);
    records = await wholeTopic(secure.broker.brokers, log.length);
  }, 3 * MINUTES_MS);
  afterAll(async () => {
    await bank?.close();
    await secure?.broker.stop();
  });

  test(`${TRANSFERS} transfers are in the log, both legs, positions without a gap`, () => {
    const positions = log.map(({ position }) => position);
    expect(positions).toEqual(positions.map((_, i) => i + 1));
    const sent = log.filter(({ type }) => type === "TransferSent");
    expect(sent).toHaveLength(TRANSFERS);
    expect(log.filter(({ type }) => type === "TransferReceived")).toHaveLength(TRANSFERS);
  });

  test("[S1] every event is in the topic as it is in the log", () => {
    const published = new Map(records.map(fromRecord).map((event) => [event.position, event]));
    expect(published.size).toBe(log.length);
    for (const event of log) expect(published.get(event.position)).toEqual(event);
  });

  test("the events of an account are in one partition, in the order of their versions", () => {
    const versions = new Map<string, number>();
    for (const event of records.map(fromRecord)) {
      const before = versions.get(event.streamId) ?? 0;
      // A repeat may follow a crash; a gap may not be, ever.
      expect(event.version).toBeLessThanOrEqual(before + 1);
      versions.set(event.streamId, Math.max(before, event.version));
    }
    expect(versions.size).toBe(ACCOUNTS);
  });

  test("every record is a CloudEvent", () => {
    for (const { key, headers = {} } of records) {
      expect(String(headers.ce_specversion)).toBe("1.0");
      expect(String(headers.ce_subject)).toBe(String(key));
      for (const name of ["ce_id", "ce_type", "ce_source", "ce_time", "ce_dataschema"]) {
        expect(String(headers[name] ?? "")).not.toBe("");
      }
    }
  });

  test("[S45] the read tables equal a fold of the log", { timeout: MINUTES_MS }, async () => {
    const url = urlFor(system(bank).server, "countinghouse_projector", "query");
    const differences = () => differencesFromLog(url, log);
    await expect.poll(differences, { timeout: MINUTES_MS, interval: 500 }).toEqual([]);
  });
});

function settingsOf({ broker, ca, username, password }: SecureBroker) {
  return {
    ...{ KAFKA_BROKERS: broker.secureBrokers, KAFKA_TLS: "true", KAFKA_CA: ca },
    KAFKA_SASL_MECHANISM: "scram-sha-512",
    ...{ KAFKA_USERNAME: username, KAFKA_PASSWORD: password },
  };
}

function system(bank: RunningBank | undefined) {
  if (bank === undefined) throw new Error("the bank did not start");
  return bank.system;
}

const euros = (value: string) => ({ value, currency: "EUR" });

/** Opens accounts with money in them and sends it round and round, many transfers at once. */
async function moveMoney(url: string): Promise<void> {
  const client = await newClient(url);
  const accounts = await Promise.all(Array.from({ length: ACCOUNTS }, () => openAccount(client)));
  let next = 0;
  const worker = async () => {
    while (next < TRANSFERS) {
      const i = next++;
      const fromAccountId = accounts[i % ACCOUNTS];
      const toAccountId = accounts[(i * 7 + 1) % ACCOUNTS];
      const parties = fromAccountId === toAccountId ? accounts.slice(0, 2) : undefined;
      const [from, to] = parties ?? [fromAccountId, toAccountId];
      const body = { fromAccountId: from, toAccountId: to, amount: euros("0.01") };
      const response = await client.command("/v1/transfers", body);
      if (response.status !== 201) throw new Error(await response.text());
      await response.body?.cancel();
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

async function openAccount(client: Client): Promise<string> {
  const opened = await client.command("/v1/accounts", { type: "checking", currency: "EUR" });
  const { accountId } = (await opened.json()) as { accountId: string };
  const path = `/v1/accounts/${accountId}/deposits`;
  const paid = await client.command(path, { amount: euros("1000.00") });
  expect(paid.status).toBe(201);
  return accountId;
}

async function wholeLog(bank: RunningBank): Promise<Envelope[]> {
  const url = urlFor(bank.system.server, "countinghouse_relay", "ledger");
  const pool = new pg.Pool({ connectionString: url, max: 1 });
  try {
    return await createLogReader(pool).read({ ledger: 1, after: 0, limit: 1_000_000 });
  } finally {
    await pool.end();
  }
}

/** All records of the topic, partition by partition in their order, once there are so many. */
async function wholeTopic(brokers: string, count: number): Promise<KafkaMessage[]> {
  const kafka = new Kafka({ brokers: [brokers], logLevel: logLevel.NOTHING });
  const consumer = kafka.consumer({ groupId: "independent-checker" });
  const found: KafkaMessage[] = [];
  await consumer.connect();
  await consumer.subscribe({ topic: TOPICS.accountEvents, fromBeginning: true });
  await new Promise<void>((complete, reject) => {
    setTimeout(() => reject(new Error(`${found.length} of ${count} records`)), MINUTES_MS).unref();
    const eachBatch = async ({ batch }: EachBatchPayload) => {
      found.push(...batch.messages);
      if (found.length >= count) complete();
    };
    consumer.run({ eachBatch }).catch(reject);
  });
  await consumer.disconnect();
  return found;
}

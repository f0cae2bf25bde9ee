import { randomUUID } from "node:crypto";
import { ensureTopic } from "@countinghouse/bus";
import { ACCOUNT_EVENT_PARTITIONS, topicsOf } from "@countinghouse/contracts";
import { describeWithKafka, kafkaBrokers } from "@countinghouse/testing";
import { ConfigResourceTypes, Kafka, logLevel } from "kafkajs";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createLedger, type Ledger } from "./support/ledger.ts";
import { metric } from "./support/metrics.ts";
import { type Relay, relayEnv, startRelay } from "./support/relay.ts";
import { readTopic, type TopicReader } from "./support/topic.ts";

const WITHIN = { timeout: 20_000, interval: 50 };
const SETTINGS = {
  "cleanup.policy": "delete",
  "retention.ms": "-1",
  "retention.bytes": "-1",
  "min.insync.replicas": "1",
  "unclean.leader.election.enable": "false",
};

describeWithKafka("an event larger than the topic takes", { timeout: 60_000 }, () => {
  let ledger: Ledger;
  let relay: Relay;
  let reader: TopicReader;
  let topic: string;

  beforeEach(async () => {
    ledger = await createLedger();
    const prefix = `test.${randomUUID()}`;
    topic = topicsOf(prefix).accountEvents;
    const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined };
    const spec = { topic, partitions: ACCOUNT_EVENT_PARTITIONS, replication: 1 };
    await ensureTopic({ brokers: kafkaBrokers() }, spec, quiet);
    await setMessageLimit(topic, 4_000);
    reader = readTopic(kafkaBrokers(), topic);
    const KAFKA_BROKERS = kafkaBrokers().join(",");
    relay = await startRelay({
      ...relayEnv(ledger.relayUrl),
      ...{ KAFKA_BROKERS, TOPIC_PREFIX: prefix },
    });
  });
  afterEach(async () => {
    await relay.close();
    await reader.stop();
    await ledger.close();
  });

  const readiness = async () => (await fetch(`${relay.internalUrl}/readyz`)).status;
  const alarm = () => metric(relay, "relay_too_large_events");

  test("stops its partition only, is told, and goes on once the limit is raised", async () => {
    const [one, ...others] = [await ledger.open(), await ledger.open(), await ledger.open()];
    await ledger.deposit(one, 20);
    await ledger.deposit(one, 1, "x".repeat(10_000));
    await ledger.deposit(one, 20);
    await expect.poll(alarm, WITHIN).toBe(1);
    await expect.poll(() => reader.versions().get(one)?.length, WITHIN).toBe(21);
    await expect.poll(readiness, WITHIN).toBe(503);
    const elsewhere = [...others, ...(await openMany(10))];
    for (const account of elsewhere) await ledger.deposit(account, 5);
    const complete = () => elsewhere.filter((id) => reader.versions().get(id)?.length === 6).length;
    await expect.poll(complete, WITHIN).toBeGreaterThan(elsewhere.length / 2);
    expect(reader.versions().get(one)).toHaveLength(21);

    await setMessageLimit(topic, 1_000_000);
    await expect.poll(() => reader.versions().get(one)?.length, WITHIN).toBe(42);
    await expect.poll(complete, WITHIN).toBe(elsewhere.length);
    expect(reader.versions().get(one)).toEqual(Array.from({ length: 42 }, (_, i) => i + 1));
    await expect.poll(alarm, WITHIN).toBe(0);
    await expect.poll(readiness, WITHIN).toBe(200);
  });

  async function openMany(count: number): Promise<string[]> {
    const ids: string[] = [];
    for (let i = 0; i < count; i += 1) ids.push(await ledger.open());
    return ids;
  }
});

/** Sets all of a topic's settings again, as it must, and the largest batch that it takes. */
async function setMessageLimit(topic: string, bytes: number): Promise<void> {
  const kafka = new Kafka({ brokers: kafkaBrokers(), logLevel: logLevel.NOTHING });
  const admin = kafka.admin();
  await admin.connect();
  const entries = Object.entries({ ...SETTINGS, "max.message.bytes": String(bytes) });
  await admin.alterConfigs({
    validateOnly: false,
    resources: [
      {
        type: ConfigResourceTypes.TOPIC,
        name: topic,
        configEntries: entries.map(([name, value]) => ({ name, value })),
      },
    ],
  });
  await admin.disconnect();
}

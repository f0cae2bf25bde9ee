import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { partitionOf } from "@countinghouse/bus";
import { ACCOUNT_EVENT_PARTITIONS, TOPICS } from "@countinghouse/contracts";
import {
  createDatabases,
  describeWithKafka,
  fetchJars,
  type LocalCluster,
  startLocalCluster,
} from "@countinghouse/testing";
import { Kafka, logLevel } from "kafkajs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { fillLog } from "./support/fill.ts";
import { metric } from "./support/metrics.ts";
import { type Relay, relayEnv, startRelay } from "./support/relay.ts";
import { readTopic, type TopicReader } from "./support/topic.ts";

/** Many more than fit into the queue of a partition. */
const EVENTS = 60_000;
const QUEUED_MAX = 10_000;
const WITHIN = { timeout: 60_000, interval: 50 };

describeWithKafka("partitions that have only one copy", { timeout: 150_000 }, () => {
  let cluster: LocalCluster;
  let databases: Awaited<ReturnType<typeof createDatabases>>;
  let relay: Relay;
  let reader: TopicReader | undefined;

  beforeAll(async () => {
    await fetchJars();
    cluster = await startLocalCluster(mkdtempSync(join(tmpdir(), "relay-cluster-")));
    databases = await createDatabases();
    relay = await startRelay({
      ...relayEnv(databases.urlOf("ledger", "countinghouse_relay")),
      ...{ KAFKA_BROKERS: cluster.brokers, TOPIC_REPLICATION: "1" },
    });
    await fillLog(commandUrl(), 200, 2_000);
  });
  afterAll(async () => {
    await reader?.stop();
    await relay.close();
    await databases.drop();
    await cluster.stop();
  });

  const lag = () => metric(relay, "relay_lag_events", 'ledger="1"');
  const published = () => metric(relay, "relay_published_events_total");

  test("those of a broker that is away hold up no others, and catch up later", async () => {
    await expect.poll(published, WITHIN).toBe(2_000);
    const away = cluster.nodes[1];
    const gone = await partitionsLedBy(cluster.brokers, away?.id ?? 0);
    expect(gone.length).toBeGreaterThan(0);
    await away?.kill();
    const before = await published();
    const written = await fillLog(commandUrl(), 600, EVENTS);
    const reachable = [...written].filter(([id]) => {
      return !gone.includes(partitionOf(id, ACCOUNT_EVENT_PARTITIONS));
    });
    const expected = reachable.reduce((sum, [, events]) => sum + events, 0);
    expect(EVENTS - expected).toBeGreaterThan(QUEUED_MAX);
    await expect.poll(async () => (await published()) - before, WITHIN).toBe(expected);
    expect(await metric(relay, "relay_queued_events")).toBeLessThan(QUEUED_MAX);
    expect((await fetch(`${relay.internalUrl}/readyz`)).status).toBe(503);

    await away?.start();
    await expect.poll(lag, WITHIN).toBe(0);
    reader = readTopic(cluster.brokers.split(","), TOPICS.accountEvents);
    await expect.poll(() => reader?.distinct(), WITHIN).toBe(EVENTS + 2_000);
    for (const versions of reader.versions().values()) {
      expect(versions).toEqual(versions.map((_, i) => i + 1));
    }
    await expect.poll(async () => (await fetch(`${relay.internalUrl}/readyz`)).status).toBe(200);
  });

  const commandUrl = () => databases.urlOf("ledger", "countinghouse_command");
});

async function partitionsLedBy(brokers: string, id: number): Promise<number[]> {
  const kafka = new Kafka({ brokers: brokers.split(","), logLevel: logLevel.NOTHING });
  const admin = kafka.admin();
  await admin.connect();
  const { topics } = await admin.fetchTopicMetadata({ topics: [TOPICS.accountEvents] });
  await admin.disconnect();
  const partitions = topics[0]?.partitions ?? [];
  return partitions.filter(({ leader }) => leader === id).map(({ partitionId }) => partitionId);
}

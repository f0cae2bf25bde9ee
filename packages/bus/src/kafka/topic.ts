import { setTimeout as pause } from "node:timers/promises";
import kafkajs, { type Admin } from "kafkajs";
import { TopicMismatchError } from "../errors.ts";
import type { BusLogger } from "../port.ts";
import { createKafka } from "./client.ts";

/** How a topic has to be. */
export interface TopicSpec {
  readonly topic: string;
  readonly partitions: number;
  /** Copies of each partition; all but one of them must have an event before it counts. */
  readonly replication: number;
}

/** What a topic was found to be. */
export interface TopicState {
  /** Partitions that have never had a record. */
  readonly emptyPartitions: readonly number[];
}

const SET_ON_THE_TOPIC = 1;
/** How often, and how far apart, a new partition is asked for its end. */
const LEADER_ATTEMPTS = 10;
const LEADER_PAUSE_MS = 200;

/**
 * Creates a topic where it is missing, reads it back and compares. Throws a TopicMismatchError when
 * it is another one than wanted, and what kafkajs throws when the brokers are out of reach. An
 * existing topic is never changed.
 */
export async function ensureTopic(
  brokers: readonly string[],
  spec: TopicSpec,
  logger: BusLogger,
): Promise<TopicState> {
  const admin = createKafka(brokers, "countinghouse-admin", logger).admin();
  try {
    await admin.connect();
    const { topic, partitions, replication } = spec;
    const configEntries = Object.entries(wanted(spec)).map(([name, value]) => ({ name, value }));
    await admin.createTopics({
      topics: [{ topic, numPartitions: partitions, replicationFactor: replication, configEntries }],
    });
    const differences = [...(await layoutOf(admin, spec)), ...(await configOf(admin, spec))];
    if (differences.length > 0) {
      throw new TopicMismatchError(`topic ${topic}: ${differences.join("; ")}`);
    }
    return { emptyPartitions: await emptyPartitionsOf(admin, topic) };
  } finally {
    await admin.disconnect();
  }
}

/** Kept for ever, never compacted, and never led by a broker that has not seen everything. */
function wanted({ replication }: TopicSpec): Readonly<Record<string, string>> {
  return {
    "cleanup.policy": "delete",
    "retention.ms": "-1",
    "retention.bytes": "-1",
    "min.insync.replicas": String(Math.max(1, replication - 1)),
    "unclean.leader.election.enable": "false",
  };
}

async function layoutOf(admin: Admin, spec: TopicSpec): Promise<string[]> {
  const { topics } = await admin.fetchTopicMetadata({ topics: [spec.topic] });
  const partitions = topics[0]?.partitions ?? [];
  const copies = [...new Set(partitions.map(({ replicas }) => replicas.length))];
  const differences: string[] = [];
  if (partitions.length !== spec.partitions) {
    differences.push(`${partitions.length} partitions instead of ${spec.partitions}`);
  }
  if (copies.some((count) => count !== spec.replication)) {
    differences.push(`replication ${copies.join(" and ")} instead of ${spec.replication}`);
  }
  return differences;
}

/** kafkajs does not ask again where a leader has not yet heard that it is one. */
async function emptyPartitionsOf(admin: Admin, topic: string): Promise<number[]> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      const ends = await admin.fetchTopicOffsets(topic);
      return ends.filter(({ high }) => high === "0").map(({ partition }) => partition);
    } catch (error) {
      if (attempt === LEADER_ATTEMPTS) throw error;
      await pause(LEADER_PAUSE_MS);
    }
  }
}

async function configOf(admin: Admin, spec: TopicSpec): Promise<string[]> {
  const settings = wanted(spec);
  const configNames = Object.keys(settings);
  const { resources } = await admin.describeConfigs({
    includeSynonyms: false,
    resources: [{ type: kafkajs.ConfigResourceTypes.TOPIC, name: spec.topic, configNames }],
  });
  const entries = resources[0]?.configEntries ?? [];
  return Object.entries(settings).flatMap(([name, value]) => {
    const found = entries.find(({ configName }) => configName === name);
    if (found?.configValue !== value) return [`${name} is ${found?.configValue}, not ${value}`];
    if (found.configSource !== SET_ON_THE_TOPIC) return [`${name} is not set on the topic`];
    return [];
  });
}

import { setTimeout as pause } from "node:timers/promises";
import kafkajs, { type Admin } from "kafkajs";
import { TopicMismatchError } from "../errors.ts";
import type { BusLogger, KafkaServers } from "../port.ts";
import { createKafka } from "./client.ts";

/** How a topic has to be. */
export interface TopicSpec {
  readonly topic: string;
  readonly partitions: number;
  /** Copies of each partition. */
  readonly replication: number;
  /** Copies that must have an event before it counts; unless given, all but one. */
  readonly minInsync?: number;
  /** How long events are kept, in milliseconds; unless given, for ever. */
  readonly retentionMs?: number;
}

/** What a topic was found to be. */
export interface TopicState {
  /** Partitions that have never had a record. */
  readonly emptyPartitions: readonly number[];
}

/** One setting of a topic that is another than wanted. */
export interface TopicDifference {
  readonly setting: string;
  readonly wanted: string;
  readonly found: string;
}

const FOR_EVER_MS = -1;
const SET_ON_THE_TOPIC = 1;
/** How often, and how far apart, a new topic is asked about until all brokers know of it. */
const ATTEMPTS = 25;
const PAUSE_MS = 200;

/**
 * Creates a topic where it is missing, reads it back and compares. Throws a TopicMismatchError when
 * it is another one than wanted, and what kafkajs throws when the brokers are out of reach. An
 * existing topic is never changed.
 */
export async function ensureTopic(
  servers: KafkaServers,
  spec: TopicSpec,
  logger: BusLogger,
): Promise<TopicState> {
  return withAdmin(servers, logger, async (admin) => {
    const { topic, partitions, replication } = spec;
    const configEntries = Object.entries(wanted(spec)).map(([name, value]) => ({ name, value }));
    await admin.createTopics({
      // Its own waiting gives up where a broker has not heard of the topic yet.
      waitForLeaders: false,
      topics: [{ topic, numPartitions: partitions, replicationFactor: replication, configEntries }],
    });
    const differences = await untilKnown(() => compare(admin, spec));
    if (differences.length > 0) throw new TopicMismatchError(sentenceOf(topic, differences));
    return { emptyPartitions: await untilKnown(() => emptyPartitionsOf(admin, topic)) };
  });
}

/**
 * What is other about a topic than wanted; nothing is created or changed. Throws what kafkajs
 * throws when the brokers are out of reach.
 */
export async function checkTopic(
  servers: KafkaServers,
  spec: TopicSpec,
  logger: BusLogger,
): Promise<TopicDifference[]> {
  return withAdmin(servers, logger, async (admin) => {
    const isThere = (await admin.listTopics()).includes(spec.topic);
    if (!isThere) return [{ setting: "topic", wanted: "there", found: "missing" }];
    return untilKnown(() => compare(admin, spec));
  });
}

/** Removes a topic with all that is in it, where it is there. Throws what kafkajs throws. */
export async function dropTopic(
  servers: KafkaServers,
  topic: string,
  logger: BusLogger,
): Promise<void> {
  await withAdmin(servers, logger, async (admin) => {
    const isThere = (await admin.listTopics()).includes(topic);
    if (isThere) await admin.deleteTopics({ topics: [topic] });
  });
}

async function withAdmin<T>(
  servers: KafkaServers,
  logger: BusLogger,
  work: (admin: Admin) => Promise<T>,
): Promise<T> {
  const admin = createKafka(servers, "countinghouse-admin", logger).admin();
  try {
    await admin.connect();
    return await work(admin);
  } finally {
    await admin.disconnect();
  }
}

/** kafkajs does not ask again where a broker has not yet heard of a topic or of leading it. */
async function untilKnown<T>(ask: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await ask();
    } catch (error) {
      if (attempt === ATTEMPTS) throw error;
      await pause(PAUSE_MS);
    }
  }
}

/** Never compacted, and never led by a broker that has not seen everything. */
function wanted(spec: TopicSpec): Readonly<Record<string, string>> {
  const { replication, minInsync, retentionMs } = spec;
  return {
    "cleanup.policy": "delete",
    "retention.ms": String(retentionMs ?? FOR_EVER_MS),
    "retention.bytes": "-1",
    "min.insync.replicas": String(minInsync ?? Math.max(1, replication - 1)),
    "unclean.leader.election.enable": "false",
  };
}

async function compare(admin: Admin, spec: TopicSpec): Promise<TopicDifference[]> {
  return [...(await layoutOf(admin, spec)), ...(await configOf(admin, spec))];
}

function sentenceOf(topic: string, differences: readonly TopicDifference[]): string {
  const each = differences.map((d) => `${d.setting} is ${d.found}, not ${d.wanted}`);
  return `topic ${topic}: ${each.join("; ")}`;
}

async function layoutOf(admin: Admin, spec: TopicSpec): Promise<TopicDifference[]> {
  const { topics } = await admin.fetchTopicMetadata({ topics: [spec.topic] });
  const partitions = topics[0]?.partitions ?? [];
  const copies = [...new Set(partitions.map(({ replicas }) => replicas.length))].join(" and ");
  return [
    { setting: "partitions", wanted: String(spec.partitions), found: String(partitions.length) },
    { setting: "replication", wanted: String(spec.replication), found: copies },
  ].filter(({ wanted, found }) => wanted !== found);
}

async function emptyPartitionsOf(admin: Admin, topic: string): Promise<number[]> {
  const ends = await admin.fetchTopicOffsets(topic);
  return ends.filter(({ high }) => high === "0").map(({ partition }) => partition);
}

async function configOf(admin: Admin, spec: TopicSpec): Promise<TopicDifference[]> {
  const settings = wanted(spec);
  const configNames = Object.keys(settings);
  const { resources } = await admin.describeConfigs({
    includeSynonyms: false,
    resources: [{ type: kafkajs.ConfigResourceTypes.TOPIC, name: spec.topic, configNames }],
  });
  const entries = resources[0]?.configEntries ?? [];
  return Object.entries(settings).flatMap(([setting, wanted]) => {
    const entry = entries.find(({ configName }) => configName === setting);
    // A broker's default may change: what matters is set on the topic itself.
    const isOwn = entry?.configSource === SET_ON_THE_TOPIC;
    const value = entry?.configValue ?? "unknown";
    if (value === wanted && isOwn) return [];
    return [{ setting, wanted, found: isOwn ? value : `${value} by the broker's default` }];
  });
}

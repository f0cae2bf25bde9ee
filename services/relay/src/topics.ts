import {
  checkTopic,
  dropTopic,
  ensureTopic,
  readWholeTopic,
  TopicMismatchError,
  type TopicSpec,
} from "@countinghouse/bus";
import { CHECKPOINT_PARTITIONS, topicsOf } from "@countinghouse/contracts";
import { type Env, kafkaServers, loadConfig, topicSpec } from "@countinghouse/service-kit";
import { type TopicsConfig, topicsSchema } from "./config.ts";

/** What was found about a topic: nothing where it is as the settings want it. */
export interface TopicReport {
  readonly topic: string;
  readonly differences: readonly {
    readonly setting: string;
    readonly wanted: string;
    readonly found: string;
  }[];
}

/** The topic of account events as the settings want it. */
export function accountEventsSpec(config: Omit<TopicsConfig, "KAFKA_BROKERS">): TopicSpec {
  const { accountEvents } = topicsOf(config.TOPIC_PREFIX);
  return topicSpec(accountEvents, config.TOPIC_PARTITIONS, config);
}

/** All topics of a deployment, whoever fills them. */
function allSpecs(config: TopicsConfig): TopicSpec[] {
  const { checkpoints } = topicsOf(config.TOPIC_PREFIX);
  return [accountEventsSpec(config), topicSpec(checkpoints, CHECKPOINT_PARTITIONS, config)];
}

/**
 * Compares the topics with the settings in `env`, having created those that are missing when
 * `creates` says so; never changes one that is there. Throws a ConfigError for wrong settings, and
 * what the brokers refuse.
 */
export async function lookAfterTopics(env: Env, creates: boolean): Promise<TopicReport[]> {
  const config = loadConfig("topics", topicsSchema, env);
  const kafka = kafkaServers(config);
  const reports: TopicReport[] = [];
  for (const spec of allSpecs(config)) {
    if (creates) {
      await ensureTopic(kafka, spec, quiet).catch((error) => {
        if (!(error instanceof TopicMismatchError)) throw error;
      });
    }
    const differences = await checkTopic(kafka, spec, quiet);
    reports.push({ topic: spec.topic, differences });
  }
  return reports;
}

/** Removes the topics that the settings in `env` name; for those of a benchmark. */
export async function removeTopics(env: Env): Promise<void> {
  const config = loadConfig("topics", topicsSchema, env);
  const { topic } = accountEventsSpec(config);
  await dropTopic(kafkaServers(config), topic, quiet);
}

/** An event as a topic has it, as far as it can be held against the log. */
export interface PublishedEvent {
  readonly partition: number;
  readonly accountId: string;
  readonly eventId: string | undefined;
  readonly version: number;
  readonly data: string;
}

/**
 * Reads the topic of account events from its beginning to the end that it has now. Throws a
 * ConfigError for wrong settings, and what the brokers refuse.
 */
export async function readPublished(
  env: Env,
  onEvent: (event: PublishedEvent) => void,
  onProgress: (done: number, all: number) => void,
): Promise<void> {
  const config = loadConfig("topics", topicsSchema, env);
  const { accountEvents } = topicsOf(config.TOPIC_PREFIX);
  await readWholeTopic(
    kafkaServers(config),
    accountEvents,
    ({ partition, key, value, header }) => {
      const version = Number(header("ce_streamversion"));
      onEvent({ partition, accountId: key, eventId: header("ce_id"), version, data: value });
    },
    { logger: quiet, onProgress },
  );
}

const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined };

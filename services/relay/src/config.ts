import { ACCOUNT_EVENT_PARTITIONS, TopicPrefix } from "@countinghouse/contracts";
import { commonConfig, PostgresUrl } from "@countinghouse/service-kit";
import Type, { type Static } from "typebox";

/** `host:port`, several with commas. */
const Brokers = Type.String({
  pattern: "^[A-Za-z0-9_.-]+:[0-9]{1,5}(,[A-Za-z0-9_.-]+:[0-9]{1,5})*$",
});

const topicConfig = {
  TOPIC_PREFIX: TopicPrefix,
  /** For good: with another number the events of an account would be in two partitions. */
  TOPIC_PARTITIONS: Type.Integer({ minimum: 1, maximum: 1_000, default: ACCOUNT_EVENT_PARTITIONS }),
  /** Copies of each partition; 3 in production. */
  TOPIC_REPLICATION: Type.Integer({ minimum: 1, maximum: 9, default: 1 }),
  /** Copies that must have an event before it counts; absent, all but one. */
  TOPIC_MIN_INSYNC: Type.Optional(Type.Integer({ minimum: 1, maximum: 9 })),
  /** How long events are kept; -1 is for ever. */
  TOPIC_RETENTION_MS: Type.Integer({ minimum: -1, default: -1 }),
};

/** The settings of the topics, for who only looks after them. */
export const topicsSchema = Type.Object({ KAFKA_BROKERS: Brokers, ...topicConfig });
export type TopicsConfig = Static<typeof topicsSchema>;

/** The settings of the relay. */
export const configSchema = Type.Object({
  ...commonConfig,
  DATABASE_URL: PostgresUrl,
  /** Without it the log is served over HTTP only. */
  KAFKA_BROKERS: Type.Optional(Brokers),
  ...topicConfig,
  /** A topic further behind the log than this makes the relay not ready. */
  READY_LAG_SECONDS: Type.Integer({ minimum: 1, maximum: 86_400, default: 30 }),
});

export type Config = Static<typeof configSchema>;

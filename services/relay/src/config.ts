import { ACCOUNT_EVENT_PARTITIONS } from "@countinghouse/contracts";
import {
  commonConfig,
  kafkaSettings,
  neededKafkaSettings,
  PostgresUrl,
  topicSettings,
} from "@countinghouse/service-kit";
import Type, { type Static } from "typebox";

const topicConfig = {
  ...topicSettings,
  /** For good: with another number the events of an account would be in two partitions. */
  TOPIC_PARTITIONS: Type.Integer({ minimum: 1, maximum: 1_000, default: ACCOUNT_EVENT_PARTITIONS }),
};

/** The settings of the topics, for who only looks after them. */
export const topicsSchema = Type.Object({ ...neededKafkaSettings, ...topicConfig });
export type TopicsConfig = Static<typeof topicsSchema>;

/** The settings of the relay. */
export const configSchema = Type.Object({
  ...commonConfig,
  DATABASE_URL: PostgresUrl,
  /** Without it the log is served over HTTP only. */
  ...kafkaSettings,
  ...topicConfig,
  /** A topic further behind the log than this makes the relay not ready. */
  READY_LAG_SECONDS: Type.Integer({ minimum: 1, maximum: 86_400, default: 30 }),
});

export type Config = Static<typeof configSchema>;

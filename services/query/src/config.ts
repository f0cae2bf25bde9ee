import { TopicPrefix } from "@countinghouse/contracts";
import {
  commonConfig,
  HttpUrl,
  Key,
  kafkaSettings,
  PostgresUrl,
  TimeZone,
} from "@countinghouse/service-kit";
import Type, { type Static } from "typebox";

/** The settings of the query service. */
export const configSchema = Type.Object({
  ...commonConfig,
  /** As the role that reads, under row-level security. */
  DATABASE_URL: PostgresUrl,
  /** As the role that writes the read tables. */
  PROJECTOR_DATABASE_URL: PostgresUrl,
  RELAY_URL: HttpUrl,
  /** The key of Consistency-Tokens and cursors. */
  TOKEN_KEY: Key,
  /** To ask the relay as this service. */
  INNER_PRIVATE_KEY: Key,
  /** Without it the log is followed over HTTP. */
  ...kafkaSettings,
  TOPIC_PREFIX: TopicPrefix,
  TIME_ZONE: TimeZone,
});

export type Config = Static<typeof configSchema>;

import { commonConfig, PostgresUrl } from "@countinghouse/service-kit";
import Type, { type Static } from "typebox";

/** The settings of the relay. */
export const configSchema = Type.Object({
  ...commonConfig,
  DATABASE_URL: PostgresUrl,
  /** `host:port`, several with commas. Without it the log is served over HTTP only. */
  KAFKA_BROKERS: Type.Optional(
    Type.String({ pattern: "^[A-Za-z0-9_.-]+:[0-9]{1,5}(,[A-Za-z0-9_.-]+:[0-9]{1,5})*$" }),
  ),
  TOPIC_REPLICATION: Type.Integer({ minimum: 1, maximum: 9, default: 1 }),
});

export type Config = Static<typeof configSchema>;

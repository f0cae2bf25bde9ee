import {
  commonConfig,
  HttpUrl,
  Key,
  kafkaSettings,
  PostgresUrl,
  topicSettings,
} from "@countinghouse/service-kit";
import Type, { type Static } from "typebox";

/** The settings of the audit service. */
export const configSchema = Type.Object({
  ...commonConfig,
  DATABASE_URL: PostgresUrl,
  RELAY_URL: HttpUrl,
  /** To ask the relay as this service. */
  INNER_PRIVATE_KEY: Key,
  /** The key of checkpoints: each ledger's signing key is derived from it. */
  CHECKPOINT_KEY: Key,
  /**
   * The folder that remembers what was published, apart from the database: whoever restores one of
   * them to an older state does not restore the other.
   */
  CHECKPOINT_FOLDER: Type.String({ minLength: 1 }),
  /** Without it checkpoints are given out over HTTP only. */
  ...kafkaSettings,
  ...topicSettings,
  /** `key url` of each witness, with commas between: who signs that the logs only grow. */
  AUDIT_WITNESSES: Type.String({ maxLength: 10_000, default: "" }),
  /** Events a second of the log that are compared with what was sealed; 0 for none. */
  COMPARE_RATE: Type.Integer({ minimum: 0, maximum: 1_000_000, default: 500 }),
  /** What the origins of the ledgers begin with: a name that is this bank's alone. */
  AUDIT_ORIGIN: Type.String({
    pattern: "^[A-Za-z0-9.-]+(/[A-Za-z0-9._~-]+)*$",
    maxLength: 200,
    default: "countinghouse.localhost",
  }),
});

export type Config = Static<typeof configSchema>;

import { commonConfig, HttpUrl, Key, PostgresUrl } from "@countinghouse/service-kit";
import Type from "typebox";

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
  /** What the origins of the ledgers begin with: a name that is this bank's alone. */
  AUDIT_ORIGIN: Type.String({
    pattern: "^[A-Za-z0-9.-]+(/[A-Za-z0-9._~-]+)*$",
    maxLength: 200,
    default: "countinghouse.localhost",
  }),
});

import {
  commonConfig,
  PostgresUrl,
  userTokenKeyConfig,
  userTokenLifetime,
} from "@countinghouse/service-kit";
import Type, { type Static } from "typebox";

/** What passwords have to be, and what their hashes cost. */
const passwordConfig = {
  PASSWORD_MIN_LENGTH: Type.Integer({ minimum: 8, maximum: 64, default: 8 }),
  PASSWORD_MEMORY_KIB: Type.Integer({ minimum: 19_456, maximum: 1_048_576, default: 19_456 }),
  PASSWORD_PASSES: Type.Integer({ minimum: 2, maximum: 16, default: 2 }),
};

/** What a program needs that sets passwords and is no service. */
export const passwordSettings = Type.Object({
  ENVIRONMENT: Type.Enum(["development", "test", "production"], { default: "development" }),
  ...passwordConfig,
});

const failures = (usual: number) => {
  return Type.Integer({ minimum: 0, maximum: 1_000_000, default: usual });
};

/** The settings of auth; failures are what is borne before a lock, 0 switches one off. */
export const configSchema = Type.Object({
  ...commonConfig,
  ...userTokenKeyConfig,
  ...userTokenLifetime,
  DATABASE_URL: PostgresUrl,
  ...passwordConfig,
  LOGIN_FAILURES_ACCOUNT: failures(5),
  LOGIN_FAILURES_DEVICE: failures(10),
  LOGIN_FAILURES_ADDRESS: failures(50),
  LOGIN_FAILURES_GLOBAL: failures(1000),
});

export type Config = Static<typeof configSchema>;

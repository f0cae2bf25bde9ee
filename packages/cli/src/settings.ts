import { type Env, isLoopback, Key, kafkaSettings, loadConfig } from "@countinghouse/service-kit";
import Type, { type Static } from "typebox";
import { CliError } from "./cli-error.ts";

const Text = Type.Optional(Type.String({ minLength: 1 }));
const Limit = Type.Optional(Type.String({ pattern: "^[0-9]+$" }));

/** Handed on as they are; the relay checks them. */
const TOPICS = {
  TOPIC_PREFIX: Text,
  TOPIC_PARTITIONS: Limit,
  TOPIC_REPLICATION: Limit,
  TOPIC_MIN_INSYNC: Limit,
  TOPIC_RETENTION_MS: Type.Optional(Type.String({ pattern: "^(-1|[0-9]+)$" })),
};

/** What `countinghouse start` and its fellows are told by the environment. */
const schema = Type.Object({
  HOST: Type.String({ minLength: 1, default: "127.0.0.1" }),
  PORT: Type.Integer({ minimum: 0, maximum: 65_535, default: 8080 }),
  COUNTINGHOUSE_DATA: Type.String({ minLength: 1, default: ".countinghouse" }),
  ENVIRONMENT: Type.Enum(["development", "test", "production"], { default: "development" }),
  LOG_LEVEL: Text,
  DATABASE_URL: Text,
  ...kafkaSettings,
  ...TOPICS,
  READY_LAG_SECONDS: Limit,
  TIME_ZONE: Type.Optional(Type.String({ minLength: 1 })),
  SECRET_KEY: Type.Optional(Type.String({ minLength: 32 })),
  SECRET_KEY_PREVIOUS: Type.Optional(Type.String({ minLength: 32 })),
  ALGORITHM: Text,
  ACCESS_TOKEN_EXPIRE_MINUTES: Limit,
  CHECKPOINT_KEY: Type.Optional(Key),
  AUDIT_ORIGIN: Text,
  AUDIT_COMPARE_RATE: Limit,
  AUDIT_WITNESSES: Text,
  RATE_LIMIT_ADDRESS: Limit,
  RATE_LIMIT_USER: Limit,
  RATE_LIMIT_LOGIN: Limit,
  RATE_LIMIT_REGISTER: Limit,
  TRUSTED_PROXIES: Text,
  CORS_ORIGINS: Text,
  TLS_CERT_FILE: Text,
  TLS_KEY_FILE: Text,
  REDIS_URL: Text,
  PASSWORD_MIN_LENGTH: Limit,
  PASSWORD_MEMORY_KIB: Limit,
  PASSWORD_PASSES: Limit,
  LOGIN_FAILURES_ACCOUNT: Limit,
  LOGIN_FAILURES_DEVICE: Limit,
  LOGIN_FAILURES_ADDRESS: Limit,
  LOGIN_FAILURES_GLOBAL: Limit,
});

export type Settings = Static<typeof schema>;

/** Of this process; what is a secret is not in its environment any more. */
let taken: Settings | undefined;

/** Reads and checks the settings, each from `NAME` or the file that `NAME_FILE` names. */
export function readSettings(env: Env): Settings {
  if (env !== process.env) return read(env);
  taken ??= read(env);
  return taken;
}

function read(env: Env): Settings {
  const settings = loadConfig("countinghouse", schema, env, beyondThisMachine(env));
  const { DATABASE_URL: url } = settings;
  if (url?.startsWith("sqlite:")) {
    throw new CliError(
      "DATABASE_URL names SQLite; the log needs PostgreSQL: postgres://user:password@host/database",
    );
  }
  if (url !== undefined && !/^postgres(ql)?:\/\//.test(url)) {
    throw new CliError("DATABASE_URL must begin with postgres://");
  }
  return settings;
}

/** Who opens the bank to others says what it is. */
function beyondThisMachine(env: Env): (settings: Settings) => string[] {
  return ({ HOST }) => {
    if (isLoopback(HOST) || env.ENVIRONMENT) return [];
    return ["ENVIRONMENT is not set, and others than this machine are let in by HOST"];
  };
}

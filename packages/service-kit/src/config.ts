import { readFileSync } from "node:fs";
import Type, { type Static, type TObject } from "typebox";
import { Value } from "typebox/value";
import { incompleteKafka } from "./kafka-settings.ts";
import { unfitForProduction, weakSecrets } from "./production.ts";

export type Env = Readonly<Record<string, string | undefined>>;

/** The settings of a service are wrong; `problems` names each, none of them shows a value. */
export class ConfigError extends Error {
  readonly code = "config_invalid";
  readonly retryable = false;
  readonly problems: readonly string[];

  constructor(service: string, problems: readonly string[]) {
    super(`${service} cannot start: ${problems.join("; ")}`);
    this.name = "ConfigError";
    this.problems = problems;
  }
}

const Port = Type.Integer({ minimum: 0, maximum: 65_535, default: 0 });

const Environment = Type.Enum(["development", "test", "production"]);

/** What every service is told by its environment. */
export const commonConfig = {
  HOST: Type.String({ minLength: 1, default: "127.0.0.1" }),
  PORT: Port,
  INTERNAL_HOST: Type.String({ minLength: 1, default: "127.0.0.1" }),
  INTERNAL_PORT: Port,
  /** Nobody is in development, or in production, by leaving it out. */
  ENVIRONMENT: Environment,
  LOG_LEVEL: Type.Enum(["fatal", "error", "warn", "info", "debug", "trace", "silent"], {
    default: "info",
  }),
  LOG_FILE: Type.Optional(Type.String({ minLength: 1 })),
  INNER_PUBLIC_KEYS: Type.String({ minLength: 2 }),
  /** Where the keys come from files, these are followed while the service runs. */
  INNER_PUBLIC_KEYS_FILE: Type.Optional(Type.String({ minLength: 1 })),
  INNER_PRIVATE_KEY_FILE: Type.Optional(Type.String({ minLength: 1 })),
};

/** 32 bytes in base64url. */
export const Key = Type.String({ pattern: "^[A-Za-z0-9_-]{43}$" });

export const PostgresUrl = Type.String({ pattern: "^postgres(ql)?://" });
export const HttpUrl = Type.String({ pattern: "^https?://" });

/** What nobody may read who can read the environment of the process. */
const SECRETS = [
  ...["SECRET_KEY", "SECRET_KEY_PREVIOUS", "TOKEN_KEY", "INNER_PRIVATE_KEY", "CHECKPOINT_KEY"],
  ...["DATABASE_URL", "PROJECTOR_DATABASE_URL", "REDIS_URL", "POSTGRES_PASSWORD"],
  ...["KAFKA_PASSWORD", "KAFKA_KEY"],
];

/**
 * Reads the settings that `schema` names from `env`, each from `NAME` or from the file that
 * `NAME_FILE` names. Throws a ConfigError with every problem at once, also of secrets that are none
 * and, in production, of what is not fit for it; `more` finds those of one service. Secrets of the
 * process's own environment are taken out of it.
 */
export function loadConfig<T extends TObject>(
  service: string,
  schema: T,
  env: Env,
  more: (config: Static<T>) => readonly string[] = () => [],
): Static<T> {
  const { config, problems } = readSettings(schema, env);
  const isReadable = problems.length === 0;
  problems.push(...weakSecrets(config), ...incompleteKafka(config));
  if (config.ENVIRONMENT === "production") problems.push(...unfitForProduction(config, env));
  if (isReadable) problems.push(...more(config as Static<T>));
  if (env === process.env) for (const name of SECRETS) delete process.env[name];
  if (problems.length > 0) throw new ConfigError(service, problems);
  return config as Static<T>;
}

function readSettings(schema: TObject, env: Env) {
  const problems: string[] = [];
  const given: Record<string, unknown> = {};
  for (const name of Object.keys(schema.properties)) {
    const value = fromEnvOrFile(name, env, problems);
    if (value !== undefined) given[name] = converted(value, schema.properties[name]);
  }
  const completed = Value.Default(schema, given);
  const faulty = new Set<string>();
  for (const error of Value.Errors(schema, completed)) {
    for (const [name, message] of faultsOf(error)) {
      if (!faulty.has(name)) problems.push(`${name} ${message}`);
      faulty.add(name);
    }
  }
  return { config: completed as Record<string, unknown>, problems };
}

const INTEGER = /^(0|-?[1-9][0-9]{0,15})$/;

/** A number where the schema wants one and the text is one, in its one usual form. */
function converted(text: string, schema: object | undefined): unknown {
  const { type } = (schema ?? {}) as { type?: string };
  return type === "integer" && INTEGER.test(text) ? Number(text) : text;
}

interface SchemaError {
  readonly keyword: string;
  readonly instancePath: string;
  readonly message: string;
  readonly params: object;
}

function faultsOf(error: SchemaError): [name: string, message: string][] {
  if (error.keyword === "required") {
    const { requiredProperties } = error.params as { requiredProperties: string[] };
    return requiredProperties.map((name) => [name, "is not set"]);
  }
  return [[error.instancePath.slice(1), error.message]];
}

function fromEnvOrFile(name: string, env: Env, problems: string[]): string | undefined {
  const [value, file] = [env[name], env[`${name}_FILE`]];
  if (value !== undefined && value !== "") {
    if (file) problems.push(`${name} and ${name}_FILE are both set`);
    return value;
  }
  if (!file) return undefined;
  try {
    return readFileSync(file, "utf8").trimEnd();
  } catch {
    problems.push(`${name}_FILE names a file that cannot be read`);
    return undefined;
  }
}

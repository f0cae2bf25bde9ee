import {
  ConfigError,
  commonConfig,
  type Env,
  HttpUrl,
  Key,
  loadConfig,
  parseProxies,
  userTokenConfig,
} from "@countinghouse/service-kit";
import Type, { type Static } from "typebox";

const perMinute = (usual: number) => {
  return Type.Integer({ minimum: 0, maximum: 1_000_000, default: usual });
};

const limits = {
  RATE_LIMIT_ADDRESS: perMinute(3000),
  RATE_LIMIT_USER: perMinute(1200),
  RATE_LIMIT_LOGIN: perMinute(60),
  RATE_LIMIT_REGISTER: perMinute(20),
};

/** The settings of the gateway; limits are requests a minute, 0 switches one off. */
const configSchema = Type.Object({
  ...commonConfig,
  ...userTokenConfig,
  INNER_PRIVATE_KEY: Key,
  AUTH_URL: HttpUrl,
  COMMAND_URL: HttpUrl,
  QUERY_URL: HttpUrl,
  RELAY_URL: HttpUrl,
  AUDIT_URL: HttpUrl,
  /** Addresses and networks, joined by commas, whose `X-Forwarded-For` is believed. */
  TRUSTED_PROXIES: Type.String({ default: "" }),
  ...limits,
});

export type Config = Static<typeof configSchema>;

/**
 * Reads the settings from `env`. Throws a ConfigError, for a proxy that is no address and, in
 * production, for a limit of 0, too.
 */
export function readConfig(env: Env): Config {
  const config = loadConfig("gateway", configSchema, env);
  const names = Object.keys(limits) as (keyof typeof limits)[];
  const off = config.ENVIRONMENT === "production" ? names.filter((name) => config[name] === 0) : [];
  const problems = off.map((name) => `${name} must not be 0 in production`);
  if (parseProxies(config.TRUSTED_PROXIES) === undefined) {
    problems.push("TRUSTED_PROXIES must list addresses and networks, joined by commas");
  }
  if (problems.length === 0) return config;
  throw new ConfigError("gateway", problems);
}

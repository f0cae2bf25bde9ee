import {
  commonConfig,
  type Env,
  HttpUrl,
  Key,
  loadConfig,
  parseProxies,
  userTokenLifetime,
} from "@countinghouse/service-kit";
import Type, { type Static } from "typebox";
import { parseOrigins } from "./cors.ts";
import { type CertificateFiles, readCertificate } from "./tls.ts";

const perMinute = (usual: number) => {
  return Type.Integer({ minimum: 0, maximum: 1_000_000, default: usual });
};

const HttpUrls = Type.String({ pattern: "^https?://[^,\\s]+(,https?://[^,\\s]+)*$" });

const limits = {
  RATE_LIMIT_ADDRESS: perMinute(3000),
  RATE_LIMIT_USER: perMinute(1200),
  RATE_LIMIT_LOGIN: perMinute(60),
  RATE_LIMIT_REGISTER: perMinute(20),
};

/** The settings of the gateway; limits are requests a minute, 0 switches one off. */
const configSchema = Type.Object({
  ...commonConfig,
  ...userTokenLifetime,
  INNER_PRIVATE_KEY: Key,
  AUTH_URL: HttpUrl,
  COMMAND_URL: HttpUrl,
  /** Of one instance or several, joined by commas. */
  QUERY_URL: HttpUrls,
  RELAY_URL: HttpUrl,
  AUDIT_URL: HttpUrl,
  /** Addresses and networks, joined by commas, whose `X-Forwarded-For` is believed. */
  TRUSTED_PROXIES: Type.String({ default: "" }),
  /** Origins whose pages may use the bank in a browser, joined by commas; none unless set. */
  CORS_ORIGINS: Type.String({ default: "" }),
  /** Files in PEM: the certificate with its chain, and its key. With them TLS is all there is. */
  TLS_CERT_FILE: Type.Optional(Type.String({ minLength: 1 })),
  TLS_KEY_FILE: Type.Optional(Type.String({ minLength: 1 })),
  /** With it limits hold over all gateways. */
  REDIS_URL: Type.Optional(Type.String({ pattern: "^rediss?://" })),
  ...limits,
});

export type Config = Static<typeof configSchema>;

/**
 * Reads the settings from `env`. Throws a ConfigError, for what is no list of proxies or origins
 * and a certificate of no use, too, and in production for plain HTTP.
 */
export function readConfig(env: Env): Config {
  return loadConfig("gateway", configSchema, env, (config) => {
    const problems: string[] = [];
    if (parseProxies(config.TRUSTED_PROXIES) === undefined) {
      problems.push("TRUSTED_PROXIES must list addresses and networks, joined by commas");
    }
    if (parseOrigins(config.CORS_ORIGINS) === undefined) {
      problems.push("CORS_ORIGINS must list origins (https://host:port), joined by commas, no *");
    }
    return [...problems, ...tlsProblems(config)];
  });
}

/** The files of the certificate; undefined where plain HTTP is served. */
export function certificateFiles(config: Config): CertificateFiles | undefined {
  const { TLS_CERT_FILE: certFile, TLS_KEY_FILE: keyFile } = config;
  return certFile === undefined || keyFile === undefined ? undefined : { certFile, keyFile };
}

function tlsProblems(config: Config): string[] {
  const files = certificateFiles(config);
  if (files === undefined) {
    const isOne = config.TLS_CERT_FILE !== undefined || config.TLS_KEY_FILE !== undefined;
    if (isOne) return ["TLS_CERT_FILE and TLS_KEY_FILE must be set together"];
    if (config.ENVIRONMENT !== "production") return [];
    return ["TLS_CERT_FILE and TLS_KEY_FILE must be set in production, which serves no plain HTTP"];
  }
  try {
    readCertificate(files);
    return [];
  } catch (error) {
    return [(error as Error).message];
  }
}

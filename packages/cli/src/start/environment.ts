import {
  deriveKey,
  type Env,
  ed25519FromSeed,
  ed25519PublicKey,
  KAFKA_SETTINGS,
} from "@countinghouse/service-kit";
import { type DatabaseServer, urlFor } from "../databases.ts";
import { type InstanceName, serviceOf } from "../instances.ts";
import { SERVICE_NAMES, type Service } from "../services.ts";
import type { Settings } from "../settings.ts";

/** Where a service listens, and where the others find it. */
export interface Place {
  readonly host: string;
  readonly port: number;
  readonly url: string;
}

export type Places = Readonly<Record<Service, Place>>;

/** An instance of a service besides its first. */
export interface Further {
  readonly name: InstanceName;
  readonly place: Place;
}

interface Parts {
  readonly settings: Settings;
  readonly server: DatabaseServer;
  readonly places: Places;
  readonly further?: readonly Further[];
  /** Where the audit remembers the checkpoints that it has published. */
  readonly checkpoints: string;
  readonly logFile?: string;
}

/** All services on this machine, the gateway where the settings say. */
export function localPlaces({ HOST }: Settings, ports: Readonly<Record<Service, number>>): Places {
  const pairs = SERVICE_NAMES.map((name) => {
    const port = ports[name];
    const host = name === "gateway" ? HOST : "127.0.0.1";
    return [name, { host, port, url: `http://127.0.0.1:${port}` }];
  });
  return Object.fromEntries(pairs);
}

/** What a service is told as it stands in the settings. */
const OF_AUTH = [
  "PASSWORD_MIN_LENGTH",
  "PASSWORD_MEMORY_KIB",
  "PASSWORD_PASSES",
  "LOGIN_FAILURES_ACCOUNT",
  "LOGIN_FAILURES_DEVICE",
  "LOGIN_FAILURES_ADDRESS",
  "LOGIN_FAILURES_GLOBAL",
] as const;
const NO_FAILURE_LIMITS = { LOGIN_FAILURES_ADDRESS: "0", LOGIN_FAILURES_GLOBAL: "0" };
const OF_QUERY = [...KAFKA_SETTINGS, "TOPIC_PREFIX", "TIME_ZONE"] as const;
const OF_GATEWAY = [
  "TRUSTED_PROXIES",
  "CORS_ORIGINS",
  "TLS_CERT_FILE",
  "TLS_KEY_FILE",
  "REDIS_URL",
  "RATE_LIMIT_ADDRESS",
  "RATE_LIMIT_USER",
  "RATE_LIMIT_LOGIN",
  "RATE_LIMIT_REGISTER",
] as const;

/**
 * The environment of each service: what it needs and no more. Every key is derived from the secret
 * for one purpose; no service gets the secret itself.
 */
export function environmentsOf(parts: Parts): Readonly<Record<Service, Env>> {
  const { settings, server, places, further = [], logFile } = parts;
  const { secretKey } = server;
  const common = (service: Service) => ({
    HOST: places[service].host,
    PORT: String(places[service].port),
    ENVIRONMENT: settings.ENVIRONMENT,
    LOG_LEVEL: settings.LOG_LEVEL,
    LOG_FILE: logFile,
    INNER_PUBLIC_KEYS: JSON.stringify(publicKeys(secretKey)),
  });
  const urlOf = (service: Service) => places[service].url;
  const TOKEN_KEY = deriveKey(secretKey, "token").toString("base64url");
  const INNER_PRIVATE_KEY = (issuer: Issuer) => seedOf(secretKey, issuer).toString("base64url");
  return {
    auth: {
      ...common("auth"),
      ...authKeys(settings, secretKey),
      DATABASE_URL: urlFor(server, "countinghouse_auth", "auth"),
      // Who switches the limit of an address off means its failures, too, unless they say more.
      ...(settings.RATE_LIMIT_LOGIN === "0" && NO_FAILURE_LIMITS),
      ...pick(settings, OF_AUTH),
    },
    relay: {
      ...common("relay"),
      ...topicsEnv(settings),
      READY_LAG_SECONDS: settings.READY_LAG_SECONDS,
      DATABASE_URL: urlFor(server, "countinghouse_relay", "ledger"),
    },
    command: {
      ...common("command"),
      TIME_ZONE: settings.TIME_ZONE,
      TOKEN_KEY,
      INNER_PRIVATE_KEY: INNER_PRIVATE_KEY("command"),
      AUTH_URL: urlOf("auth"),
      DATABASE_URL: urlFor(server, "countinghouse_command", "ledger"),
    },
    query: {
      ...common("query"),
      ...pick(settings, OF_QUERY),
      TOKEN_KEY,
      INNER_PRIVATE_KEY: INNER_PRIVATE_KEY("query"),
      RELAY_URL: urlOf("relay"),
      DATABASE_URL: urlFor(server, "countinghouse_query", "query"),
      PROJECTOR_DATABASE_URL: urlFor(server, "countinghouse_projector", "query"),
    },
    audit: {
      ...common("audit"),
      ...auditOf(parts),
      INNER_PRIVATE_KEY: INNER_PRIVATE_KEY("audit"),
      RELAY_URL: urlOf("relay"),
    },
    gateway: {
      ...common("gateway"),
      ACCESS_TOKEN_EXPIRE_MINUTES: settings.ACCESS_TOKEN_EXPIRE_MINUTES,
      INNER_PRIVATE_KEY: INNER_PRIVATE_KEY("gateway"),
      AUTH_URL: urlOf("auth"),
      COMMAND_URL: urlOf("command"),
      QUERY_URL: queryUrls(places, further),
      RELAY_URL: urlOf("relay"),
      AUDIT_URL: urlOf("audit"),
      ...pick(settings, OF_GATEWAY),
    },
  };
}

/** What auth, and who looks after its keys, is told of them. */
export function authKeys(settings: Settings, secretKey: string): Env {
  const { SECRET_KEY_PREVIOUS: previous, ALGORITHM, ACCESS_TOKEN_EXPIRE_MINUTES } = settings;
  const secretOf = (root: string) => deriveKey(root, "auth").toString("base64url");
  return {
    SECRET_KEY: secretOf(secretKey),
    ...(previous !== undefined && { SECRET_KEY_PREVIOUS: secretOf(previous) }),
    ALGORITHM,
    ACCESS_TOKEN_EXPIRE_MINUTES,
  };
}

/** Signs checkpoints; outlives a change of the secret where it is set. */
export function checkpointKey(settings: Settings, secretKey: string): string {
  return settings.CHECKPOINT_KEY ?? deriveKey(secretKey, "checkpoints").toString("base64url");
}

function queryUrls({ query }: Places, further: readonly Further[]): string {
  const more = further.filter(({ name }) => serviceOf(name) === "query");
  return [query, ...more.map(({ place }) => place)].map(({ url }) => url).join(",");
}

/** The environments of all instances: one is as the first of its service, in its own place. */
export function instanceEnvironments(
  environments: Readonly<Record<Service, Env>>,
  further: readonly Further[],
): Readonly<Record<InstanceName, Env>> {
  const pairs = further.map(({ name, place }) => {
    return [name, { ...environments[serviceOf(name)], PORT: String(place.port) }];
  });
  return { ...environments, ...Object.fromEntries(pairs) };
}

/** Where the topics are and how they have to be. */
export function topicsEnv(settings: Settings): Env {
  return {
    ...pick(settings, KAFKA_SETTINGS),
    TOPIC_PREFIX: settings.TOPIC_PREFIX,
    TOPIC_PARTITIONS: settings.TOPIC_PARTITIONS,
    TOPIC_REPLICATION: settings.TOPIC_REPLICATION,
    TOPIC_MIN_INSYNC: settings.TOPIC_MIN_INSYNC,
    TOPIC_RETENTION_MS: settings.TOPIC_RETENTION_MS,
  };
}

function auditOf({ settings, server, checkpoints }: Parts): Env {
  // Its own topic has one partition for good.
  const { TOPIC_PARTITIONS: _, ...topics } = topicsEnv(settings);
  return {
    DATABASE_URL: urlFor(server, "countinghouse_audit", "audit"),
    CHECKPOINT_KEY: checkpointKey(settings, server.secretKey),
    CHECKPOINT_FOLDER: checkpoints,
    AUDIT_ORIGIN: settings.AUDIT_ORIGIN,
    AUDIT_WITNESSES: settings.AUDIT_WITNESSES,
    ...topics,
    COMPARE_RATE: settings.AUDIT_COMPARE_RATE,
  };
}

const ISSUERS = ["gateway", "command", "query", "audit"] as const;
type Issuer = (typeof ISSUERS)[number];

function seedOf(secretKey: string, issuer: Issuer): Buffer {
  return deriveKey(secretKey, `inner:${issuer}`);
}

function publicKeys(secretKey: string): Record<string, string> {
  const pairs = ISSUERS.map((issuer) => {
    return [issuer, ed25519PublicKey(ed25519FromSeed(seedOf(secretKey, issuer)))];
  });
  return Object.fromEntries(pairs);
}

function pick(settings: Settings, names: readonly (keyof Settings)[]): Env {
  const pairs = names.map((name) => [name, settings[name]]);
  return Object.fromEntries(pairs.filter(([, value]) => value !== undefined)) as Env;
}

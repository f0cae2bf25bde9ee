import { Kafka, type KafkaConfig, logLevel, type SASLOptions } from "kafkajs";
import type { BusLogger, KafkaSasl, KafkaSecurity, KafkaServers } from "../port.ts";

/** All five, since kafkajs takes other ones under NODE_ENV=test. Running out is an error. */
export const RETRY = {
  initialRetryTime: 100,
  maxRetryTime: 1_000,
  factor: 0.2,
  multiplier: 2,
  retries: 5,
} as const;

const CONNECT_TIMEOUT_MS = 2_000;
const REQUEST_TIMEOUT_MS = 10_000;
/** How long brokers may take to show that they are there. */
const REACH_TIMEOUT_MS = 800;

/** A kafkajs client that writes its warnings and errors to our log. Does not connect by itself. */
export function createKafka(servers: KafkaServers, clientId: string, logger: BusLogger): Kafka {
  return new Kafka({
    ...reaching(servers),
    clientId,
    connectionTimeout: CONNECT_TIMEOUT_MS,
    requestTimeout: REQUEST_TIMEOUT_MS,
    retry: { ...RETRY },
    logLevel: logLevel.WARN,
    // kafkajs repeats every error up the stack; what matters of them is thrown and logged by us.
    logCreator:
      () =>
      ({ namespace, log }) => {
        const { message, error, groupId, broker } = log;
        const facts = { namespace, error: asText(error), groupId, broker };
        logger.warn(facts, `kafkajs: ${message}`);
      },
  });
}

function reaching({ brokers, security = {} }: KafkaServers): KafkaConfig {
  const { tls, sasl }: KafkaSecurity = security;
  return {
    brokers: [...brokers],
    ...(tls !== undefined && { ssl: tls }),
    ...(sasl !== undefined && { sasl: saslOf(sasl) }),
  };
}

function saslOf(sasl: KafkaSasl): SASLOptions {
  if (sasl.mechanism !== "oauthbearer") return { ...sasl };
  const oauthBearerProvider = async () => ({ value: await sasl.token() });
  return { mechanism: "oauthbearer", oauthBearerProvider };
}

/** Rejects when no broker answers within a second. */
export async function canReachBrokers(servers: KafkaServers): Promise<void> {
  const admin = new Kafka({
    ...reaching(servers),
    clientId: "countinghouse-readiness",
    connectionTimeout: REACH_TIMEOUT_MS,
    requestTimeout: REACH_TIMEOUT_MS,
    logLevel: logLevel.NOTHING,
    retry: { ...RETRY, retries: 0 },
  }).admin();
  try {
    await admin.connect();
    await admin.describeCluster();
  } finally {
    await admin.disconnect();
  }
}

function asText(error: unknown): string | undefined {
  return error === undefined ? undefined : String(error);
}

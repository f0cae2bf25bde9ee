import { TopicMismatchError } from "@countinghouse/bus";
import { createLogReader } from "@countinghouse/event-store";
import {
  ConfigError,
  createInnerVerifier,
  createLogger,
  createMetrics,
  createPool,
  type Env,
  kafkaServers,
  listen,
  loadConfig,
  type RunningService,
  runAsProcess,
} from "@countinghouse/service-kit";
import { buildApp } from "./app.ts";
import { type Config, configSchema } from "./config.ts";
import { createTail } from "./log/tail.ts";
import { type Publishing, type PublishingOptions, startPublishing } from "./publish/publisher.ts";
import { accountEventsSpec } from "./topics.ts";

const NAME = "relay";
/** The tail, the lease and the cursors: readers of the log must not keep them waiting. */
const OWN_CONNECTIONS = 3;
const OWN_TIMEOUT_MS = 2_000;

/** Starts the relay on the settings in `env`. */
export async function start(env: Env): Promise<RunningService> {
  const config = loadConfig(NAME, configSchema, env);
  const logger = createLogger(NAME, config);
  const metrics = createMetrics(NAME);
  const pool = createPool(config.DATABASE_URL, NAME, logger);
  const ownPool = createPool(config.DATABASE_URL, NAME, logger, {
    max: OWN_CONNECTIONS,
    statementTimeoutMs: OWN_TIMEOUT_MS,
  });
  const reader = createLogReader(pool);
  const tail = createTail(createLogReader(ownPool), logger);
  const publishing = await publishingOf(config, {
    pool: ownPool,
    ...{ reader, tail, metrics, logger },
  });
  const readiness = [
    { name: "log", check: () => ownPool.query("SELECT 1") },
    ...(publishing?.readiness ?? []),
  ];
  const verify = createInnerVerifier(NAME, config.INNER_PUBLIC_KEYS, config.INNER_PUBLIC_KEYS_FILE);
  const app = buildApp({ logger, metrics, readiness, verify, reader, tail });
  const release = [
    async () => publishing?.stop(),
    async () => tail.stop(),
    () => pool.end(),
    () => ownPool.end(),
  ];
  return listen({ name: NAME, app, metrics, readiness, config, release });
}

async function publishingOf(
  config: Config,
  deps: Omit<PublishingOptions, "kafka" | "spec" | "readyLagSeconds">,
): Promise<Publishing | undefined> {
  const { READY_LAG_SECONDS: readyLagSeconds } = config;
  const kafka = kafkaServers(config);
  if (kafka === undefined) return undefined;
  const spec = accountEventsSpec(config);
  try {
    return await startPublishing({
      ...{ kafka, spec, readyLagSeconds },
      ...deps,
    });
  } catch (error) {
    if (error instanceof TopicMismatchError) throw new ConfigError(NAME, [error.message]);
    throw error;
  }
}

if (import.meta.main) await runAsProcess(start);

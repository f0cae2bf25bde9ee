import { createLogReader } from "@countinghouse/event-store";
import {
  createInnerVerifier,
  createLogger,
  createMetrics,
  createPool,
  type Env,
  listen,
  loadConfig,
  type RunningService,
  runAsProcess,
} from "@countinghouse/service-kit";
import { buildApp } from "./app.ts";
import { configSchema } from "./config.ts";
import { createTail } from "./log/tail.ts";

/** The tail has connections of its own: readers of the log must not keep it from looking. */
const TAIL_CONNECTIONS = 1;

/** Starts the relay on the settings in `env`. */
export async function start(env: Env): Promise<RunningService> {
  const config = loadConfig("relay", configSchema, env);
  const logger = createLogger("relay", config);
  const metrics = createMetrics("relay");
  const pool = createPool(config.DATABASE_URL, "relay", logger);
  const tailPool = createPool(config.DATABASE_URL, "relay-tail", logger, { max: TAIL_CONNECTIONS });
  const reader = createLogReader(pool);
  const tail = createTail(createLogReader(tailPool), logger);
  const readiness = [{ name: "log", check: () => tailPool.query("SELECT 1") }];
  const verify = createInnerVerifier("relay", config.INNER_PUBLIC_KEYS);
  const app = buildApp({ logger, metrics, readiness, verify, reader, tail });
  app.addHook("preClose", async () => tail.stop());
  const release = [() => pool.end(), () => tailPool.end()];
  return listen({ name: "relay", app, metrics, readiness, config, release });
}

if (import.meta.main) await runAsProcess(start);

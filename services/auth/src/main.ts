import {
  createKysely,
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
import type { Tables } from "./tables.ts";

/** Starts auth on the settings in `env`. */
export async function start(env: Env): Promise<RunningService> {
  const config = loadConfig("auth", configSchema, env);
  const logger = createLogger("auth", config);
  const metrics = createMetrics("auth");
  const pool = createPool(config.DATABASE_URL, "auth", logger);
  const db = createKysely<Tables>(pool);
  const readiness = [{ name: "database", check: () => pool.query("SELECT 1") }];
  const app = await buildApp({ config, logger, metrics, readiness, db });
  return listen({
    name: "auth",
    app,
    metrics,
    readiness,
    config,
    release: [() => db.destroy()],
  });
}

if (import.meta.main) await runAsProcess(start);

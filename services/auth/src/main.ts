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
import { createSessionFeed } from "./changes/feed.ts";
import { configSchema } from "./config.ts";
import { stepBack } from "./step-back.ts";
import type { Tables } from "./tables.ts";
import { createKeyRing } from "./token-keys/ring.ts";
import { ensureKey } from "./token-keys/rotate.ts";

/** How long a start waits for the database before it says that it is not ready. */
const FIRST_WORD_MS = 3_000;

/** Starts auth on the settings in `env`. */
export async function start(env: Env): Promise<RunningService> {
  const config = loadConfig("auth", configSchema, env);
  const logger = createLogger("auth", config);
  const metrics = createMetrics("auth");
  const pool = createPool(config.DATABASE_URL, "auth", logger);
  const db = createKysely<Tables>(pool);
  const readiness = [{ name: "database", check: () => pool.query("SELECT 1") }];
  const keys = createKeyRing(db, config, logger);
  const feed = createSessionFeed({
    databaseUrl: config.DATABASE_URL,
    logger,
    keys,
    prepareKeys: (announce) => ensureKey({ db, peers: { announce }, settings: config }),
  });
  await feed.listening(FIRST_WORD_MS);
  const app = await buildApp({ config, logger, metrics, readiness, db, feed, keys });
  return listen({
    name: "auth",
    app,
    metrics,
    readiness,
    config,
    release: [() => feed.stop(), () => db.destroy()],
  });
}

if (import.meta.main) {
  await runAsProcess(async (env) => {
    const service = await start(env);
    stepBack();
    return service;
  });
}

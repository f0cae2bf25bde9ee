import { readFileSync } from "node:fs";
import {
  createInnerSigner,
  createLogger,
  createMetrics,
  createServiceClient,
  type Env,
  listen,
  type ReadinessCheck,
  type RunningService,
  runAsProcess,
} from "@countinghouse/service-kit";
import { buildApp } from "./app.ts";
import { followAuth } from "./auth-feed.ts";
import { readConfig } from "./config.ts";
import { createSessionCache } from "./session-cache.ts";
import { createSharedCounters } from "./shared-counters.ts";
import { createTarget, type Target } from "./target.ts";
import { createTokenKeys } from "./token-keys.ts";

const READY_TIMEOUT_MS = 900;

/** Starts the gateway on the settings in `env`. */
export async function start(env: Env): Promise<RunningService> {
  const config = readConfig(env);
  const logger = createLogger("gateway", config);
  const metrics = createMetrics("gateway");
  const signer = createInnerSigner(
    "gateway",
    config.INNER_PRIVATE_KEY,
    config.INNER_PRIVATE_KEY_FILE,
  );
  const auth = createServiceClient(config.AUTH_URL, "auth", signer);
  const feed = followAuth(auth, logger);
  const sessions = createSessionCache(auth, feed);
  const keys = createTokenKeys(auth, feed, config.ACCESS_TOKEN_EXPIRE_MINUTES);
  const targets = {
    auth: createTarget(config.AUTH_URL),
    command: createTarget(config.COMMAND_URL),
    query: createTarget(config.QUERY_URL),
    relay: createTarget(config.RELAY_URL),
    audit: createTarget(config.AUDIT_URL),
  };
  // Money moves without the audit: that it is away takes nobody's bank away.
  const readiness = Object.entries(targets)
    .filter(([name]) => name !== "audit")
    .map(([name, target]) => readinessOf(name, target));
  const { version } = JSON.parse(
    readFileSync(new URL("../package.json", import.meta.url), "utf8"),
  ) as { version: string };
  const { REDIS_URL } = config;
  const counters = REDIS_URL ? createSharedCounters(REDIS_URL, logger, metrics) : undefined;
  const deps = {
    ...{ config, logger, metrics, readiness, version, targets, sessions, keys, signer },
    ...(counters && { counters }),
  };
  const app = await buildApp(deps);
  const release = [
    async () => feed.stop(),
    async () => counters?.stop(),
    async () => {
      for (const target of Object.values(targets)) target.destroy();
    },
  ];
  return listen({ name: "gateway", app, metrics, readiness, config, release });
}

/** A service is ready when one of its instances is. */
function readinessOf(name: string, { instances }: Target): ReadinessCheck {
  const checkOne = async (url: URL) => {
    const signal = AbortSignal.timeout(READY_TIMEOUT_MS);
    const response = await fetch(new URL("/readyz", url), { signal });
    await response.body?.cancel();
    if (!response.ok) throw new Error(`${name} is not ready`);
  };
  return { name, check: () => Promise.any(instances.map(({ url }) => checkOne(url))) };
}

if (import.meta.main) await runAsProcess(start);

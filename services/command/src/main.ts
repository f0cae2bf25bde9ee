import { assertDurable, createEventStore, createScheduleBook } from "@countinghouse/event-store";
import {
  createConsistencyTokens,
  createCursors,
  createInnerSigner,
  createInnerVerifier,
  createLogger,
  createMetrics,
  createPool,
  createServiceClient,
  deriveKey,
  type Env,
  listen,
  loadConfig,
  type RunningService,
  runAsProcess,
} from "@countinghouse/service-kit";
import { buildApp } from "./app.ts";
import { createClock } from "./clock.ts";
import { configSchema } from "./config.ts";

/** A process that is stopped while it holds the head of a ledger keeps the others no longer. */
const LIMITS = { idleInTransactionMs: 2_000 };

/** Starts the command service on the settings in `env`. */
export async function start(env: Env): Promise<RunningService> {
  const config = loadConfig("command", configSchema, env);
  const logger = createLogger("command", config);
  const metrics = createMetrics("command");
  const pool = createPool(config.DATABASE_URL, "command", logger, LIMITS);
  const signer = createInnerSigner(
    "command",
    config.INNER_PRIVATE_KEY,
    config.INNER_PRIVATE_KEY_FILE,
  );
  const auth = createServiceClient(config.AUTH_URL, "auth", signer);
  const readiness = [{ name: "log", check: () => pool.query("SELECT 1") }];
  const tokenKey = Buffer.from(config.TOKEN_KEY, "base64url");
  await assertDurable(pool);
  const app = buildApp({
    logger,
    metrics,
    readiness,
    store: createEventStore(pool),
    book: createScheduleBook(pool),
    tokens: createConsistencyTokens(tokenKey),
    cursors: createCursors(tokenKey),
    verify: createInnerVerifier("command", config.INNER_PUBLIC_KEYS, config.INNER_PUBLIC_KEYS_FILE),
    maskKey: deriveKey(config.TOKEN_KEY, "card-mask"),
    when: createClock(config.TIME_ZONE),
    timeZone: config.TIME_ZONE,
    async useOtp(userId, otp) {
      const body = otp === undefined ? {} : { otp };
      const answer = await auth.ask("useOtp", { params: { userId }, body });
      return answer?.outcome ?? "refused";
    },
    async userExists(userId) {
      return (await auth.ask("userExists", { params: { userId } })) !== undefined;
    },
  });
  const release = [() => pool.end()];
  return listen({ name: "command", app, metrics, readiness, config, release });
}

if (import.meta.main) await runAsProcess(start);

import {
  createInnerSigner,
  createInnerVerifier,
  createKysely,
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
import { createNoteSigner, formatVerifierKey, type NoteSigner } from "@countinghouse/transparency";
import { buildApp } from "./app.ts";
import { configSchema } from "./config.ts";
import { createLogReader } from "./log-reader.ts";
import { createProgress } from "./progress.ts";
import { createTreeReader } from "./reading/tree-reader.ts";
import { createLedgers } from "./sealing/ledgers.ts";
import { createPublishedFiles } from "./sealing/published.ts";
import { startSealer } from "./sealing/sealer.ts";
import { createTreeStore } from "./store/tree-store.ts";
import { AUDIT_SCHEMA, type Tables } from "./tables.ts";

const NAME = "audit";

/** Starts the audit: follows every ledger, seals it, and answers with proofs. */
export async function start(env: Env): Promise<RunningService> {
  const config = loadConfig(NAME, configSchema, env);
  const logger = createLogger(NAME, config);
  const metrics = createMetrics(NAME);
  const pool = createPool(config.DATABASE_URL, NAME, logger);
  const db = createKysely<Tables>(pool);
  const store = createTreeStore(db.withSchema(AUDIT_SCHEMA));
  const reader = createTreeReader(store);
  const published = createPublishedFiles(config.CHECKPOINT_FOLDER);
  const signerOf = signers(config.CHECKPOINT_KEY, config.AUDIT_ORIGIN);
  const inner = createInnerSigner(NAME, config.INNER_PRIVATE_KEY, config.INNER_PRIVATE_KEY_FILE);
  const relay = createServiceClient(config.RELAY_URL, "relay", inner);
  const progress = createProgress(metrics, logger);
  const ledgers = createLedgers({
    relay,
    open: (ledger) => {
      const signer = signerOf(ledger);
      const deps = { ledger, signer, store, reader, published };
      return startSealer({ ...deps, logger, observer: progress });
    },
    onLength: progress.length,
    logger,
  });
  const readiness = [{ name: "database", check: () => pool.query("SELECT 1") }];
  const app = buildApp({
    ...{ ledgers, store, reader, logger, metrics, readiness },
    log: createLogReader(relay),
    verifierKeyOf: (ledger) => formatVerifierKey(signerOf(ledger).key),
    now: () => new Date(),
    verify: createInnerVerifier(NAME, config.INNER_PUBLIC_KEYS, config.INNER_PUBLIC_KEYS_FILE),
  });
  ledgers.run();
  const release = [() => ledgers.stop(), () => db.destroy()];
  return listen({ name: NAME, app, metrics, readiness, config, release });
}

/** A key of its own for every ledger: a checkpoint of one is never one of another. */
function signers(key: string, origin: string): (ledger: number) => NoteSigner {
  const known = new Map<number, NoteSigner>();
  return (ledger) => {
    let signer = known.get(ledger);
    if (signer === undefined) {
      const seed = deriveKey(key, `checkpoint:${ledger}`);
      signer = createNoteSigner(`${origin}/ledger/${ledger}`, seed);
      known.set(ledger, signer);
    }
    return signer;
  };
}

if (import.meta.main) await runAsProcess(start);

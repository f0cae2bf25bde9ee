import { CHECKPOINT_PARTITIONS, topicsOf } from "@countinghouse/contracts";
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
  kafkaServers,
  listen,
  loadConfig,
  type RunningService,
  runAsProcess,
  topicSpec,
} from "@countinghouse/service-kit";
import { createNoteSigner, formatVerifierKey, type NoteSigner } from "@countinghouse/transparency";
import { buildApp } from "./app.ts";
import { createBell } from "./bell.ts";
import { type Config, configSchema } from "./config.ts";
import { createLogReader } from "./log-reader.ts";
import { createProgress } from "./progress.ts";
import { type Publishing, type PublishingDeps, startPublishing } from "./publishing/publishing.ts";
import { createTreeReader } from "./reading/tree-reader.ts";
import { startComparing } from "./sealing/comparing.ts";
import { createLedgers } from "./sealing/ledgers.ts";
import { createPublishedFiles } from "./sealing/published.ts";
import { startSealer } from "./sealing/sealer.ts";
import { createTreeStore } from "./store/tree-store.ts";
import { AUDIT_SCHEMA, type Tables } from "./tables.ts";
import { createCosignatures } from "./witnessing/cosignatures.ts";
import { parseWitnesses } from "./witnessing/witnesses.ts";
import { startWitnessing } from "./witnessing/witnessing.ts";
import { yieldToOthers } from "./yield.ts";

const NAME = "audit";
/**
 * It lets all others have the processor, so that a connection may take it seconds to make: with
 * less patience it would begin again and again, and never get anywhere on a busy machine.
 */
const PATIENCE = { acquireTimeoutMs: 10_000 };

/** Starts the audit: follows every ledger, seals it, and answers with proofs. */
export async function start(env: Env): Promise<RunningService> {
  const config = loadConfig(NAME, configSchema, env);
  const witnesses = parseWitnesses(NAME, config.AUDIT_WITNESSES);
  const logger = createLogger(NAME, config);
  const metrics = createMetrics(NAME);
  const pool = createPool(config.DATABASE_URL, NAME, logger, PATIENCE);
  const db = createKysely<Tables>(pool);
  const tables = db.withSchema(AUDIT_SCHEMA);
  const store = createTreeStore(tables);
  const cosignatures = createCosignatures(tables);
  const reader = createTreeReader(store);
  const published = createPublishedFiles(config.CHECKPOINT_FOLDER);
  const signerOf = signers(config.CHECKPOINT_KEY, config.AUDIT_ORIGIN);
  const inner = createInnerSigner(NAME, config.INNER_PRIVATE_KEY, config.INNER_PRIVATE_KEY_FILE);
  const relay = createServiceClient(config.RELAY_URL, "relay", inner);
  const log = createLogReader(relay);
  const bell = createBell();
  const progress = createProgress(metrics, logger, bell);
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
    ...{ log, cosignatures },
    verifierKeyOf: (ledger) => formatVerifierKey(signerOf(ledger).key),
    now: () => new Date(),
    verify: createInnerVerifier(NAME, config.INNER_PUBLIC_KEYS, config.INNER_PUBLIC_KEYS_FILE),
  });
  ledgers.run();
  const comparing = startComparing({
    ...{ ledgers, log, store, observer: progress, rate: config.COMPARE_RATE, logger },
  });
  const publishing = publishingOf(config, { db: tables, ledgers, bell, metrics, logger });
  const witnessing = startWitnessing({
    ...{ witnesses, cosignatures, ledgers, reader, bell, metrics, logger },
  });
  const release = [
    () => witnessing.stop(),
    () => comparing.stop(),
    async () => publishing?.stop(),
    () => ledgers.stop(),
    () => db.destroy(),
  ];
  return listen({ name: NAME, app, metrics, readiness, config, release });
}

function publishingOf(
  config: Config,
  deps: Omit<PublishingDeps, "kafka" | "spec">,
): Publishing | undefined {
  const kafka = kafkaServers(config);
  if (kafka === undefined) return undefined;
  const spec = topicSpec(topicsOf(config.TOPIC_PREFIX).checkpoints, CHECKPOINT_PARTITIONS, config);
  return startPublishing({ ...deps, kafka, spec });
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

if (import.meta.main) {
  yieldToOthers();
  await runAsProcess(start);
}

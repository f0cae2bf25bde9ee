import {
  createConsistencyTokens,
  createCursors,
  createInnerSigner,
  createInnerVerifier,
  createKysely,
  createLogger,
  createMetrics,
  createPool,
  createServiceClient,
  type Env,
  type Logger,
  listen,
  loadConfig,
  type Metrics,
  type RunningService,
  runAsProcess,
  type ServiceClient,
  type VersionRequirement,
} from "@countinghouse/service-kit";
import { type AppliedListener, listenForApplied } from "./announcements/listener.ts";
import { buildApp } from "./app.ts";
import { type Config, configSchema } from "./config.ts";
import { createResolveRanges } from "./consistency/ranges.ts";
import { createWaitingRoom, type Reached, type WaitingRoom } from "./consistency/waiting-room.ts";
import { type FollowingDeps, followAlways, kafkaPlace } from "./following.ts";
import { createLiveHub, type LiveHub } from "./live/hub.ts";
import { observeLive } from "./live/observe.ts";
import { createLogReader, type LogReader } from "./log-reader.ts";
import { createProgress, type Progress } from "./progress.ts";
import { createProjector } from "./projector/projector.ts";
import { releaseAtStart } from "./projector/release-at-start.ts";
import { createLook, createReadAs, createReadNext, createReadPool } from "./reader.ts";
import { createPrinter } from "./statements/pdf/printer.ts";
import { type Database, READ_SCHEMA, type Tables } from "./tables.ts";

const NAME = "query";
/** One to apply with, the others for what is asked and released meanwhile. */
const WRITERS_MAX = 4;

/** Starts the read side: answers queries and, in the background, follows the log. */
export async function start(env: Env): Promise<RunningService> {
  const config = loadConfig(NAME, configSchema, env);
  const logger = createLogger(NAME, config);
  const metrics = createMetrics(NAME);
  const pools = {
    reader: createReadPool(config.DATABASE_URL, logger),
    projector: createPool(config.PROJECTOR_DATABASE_URL, NAME, logger, { max: WRITERS_MAX }),
  };
  const readAs = createReadAs(pools.reader);
  const writeDb = createKysely<Tables>(pools.projector).withSchema(READ_SCHEMA);
  const waitingRoom = createWaitingRoom(createLook(readAs));
  const live: LiveHub = createLiveHub({
    ...{ logger, read: createReadNext(readAs) },
    observer: observeLive(metrics, () => live.streams),
  });
  const announce = (versions: Reached) => {
    waitingRoom.announce(versions);
    live.announce(versions);
  };
  const listener = listenForApplied(config.DATABASE_URL, logger, {
    onApplied: announce,
    onListening() {
      waitingRoom.forget();
      live.lookAgain();
    },
    onLost: () => waitingRoom.forget(),
  });
  addGauges(metrics, waitingRoom, listener);
  const progress = createProgress(metrics, writeDb, announce);
  const readiness = Object.entries(pools).map(([name, pool]) => {
    return { name, check: () => pool.query("SELECT 1") };
  });
  const key = Buffer.from(config.TOKEN_KEY, "base64url");
  const signer = createInnerSigner(NAME, config.INNER_PRIVATE_KEY, config.INNER_PRIVATE_KEY_FILE);
  const relay = createServiceClient(config.RELAY_URL, "relay", signer);
  const log = createLogReader(relay);
  const printer = createPrinter();
  const app = buildApp({
    ...{ readAs, waitingRoom, live, logger, metrics, readiness, log, printer },
    tokens: createConsistencyTokens(key),
    resolveRanges: createResolveRanges(log),
    cursors: createCursors(key),
    latestProposals: () => latestProposals(relay),
    now: () => new Date(),
    timeZone: config.TIME_ZONE,
    verify: createInnerVerifier(NAME, config.INNER_PUBLIC_KEYS, config.INNER_PUBLIC_KEYS_FILE),
  });
  const forget = () => waitingRoom.forget();
  const following = { config, logger, progress, db: writeDb, relay, log, forget };
  const stopFollowing = startFollowing(following);
  const stopListening = () => listener.stop();
  const stopAll = [stopFollowing, stopListening, () => printer.close()];
  const release = [...stopAll, () => pools.reader.end(), () => writeDb.destroy()];
  return listen({ name: NAME, app, metrics, readiness, config, release });
}

async function latestProposals(relay: ServiceClient): Promise<VersionRequirement[]> {
  const answer = await relay.ask("latestProposals", {});
  return (answer?.items ?? []).map((item) => ({ kind: "version", ...item }));
}

function addGauges(metrics: Metrics, room: WaitingRoom, listener: AppliedListener): void {
  metrics.gauge("consistency_waiters", "Queries that wait for a version", [], (gauge) => {
    gauge.set(room.waiters);
  });
  metrics.gauge("applied_listening", "1 while it hears what others apply", [], (gauge) => {
    gauge.set(listener.isListening ? 1 : 0);
  });
}

interface Following {
  readonly config: Config;
  readonly logger: Logger;
  readonly progress: Progress;
  /** As the role that writes. */
  readonly db: Database;
  readonly relay: ServiceClient;
  readonly log: LogReader;
  /** Called when the tables have gone back. */
  readonly forget: () => void;
}

function startFollowing(parts: Following): () => Promise<void> {
  const { config, logger, progress, db, relay, log, forget } = parts;
  const projector = createProjector({ db, log, logger, observer: progress, announces: true });
  const deps: FollowingDeps = {
    ...{ relay, logger },
    kafka: kafkaPlace(config),
    store: projector.positions,
    onBatch: (batch) => projector.apply(batch),
    onHeads: (heads) => progress.seen(heads),
  };
  const subscription = followAlways(deps, forget);
  subscription.run();
  const releasing = releaseAtStart(projector, logger);
  return async () => {
    await subscription.stop();
    await releasing.stop();
  };
}

if (import.meta.main) await runAsProcess(start);

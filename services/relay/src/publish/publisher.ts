import {
  canReachBrokers,
  createPublisher,
  ensureTopic,
  type KafkaServers,
  TopicMismatchError,
  type TopicSpec,
} from "@countinghouse/bus";
import { type LogReader, readRecords } from "@countinghouse/event-store";
import type { Logger, Metrics, ReadinessCheck } from "@countinghouse/service-kit";
import type pg from "pg";
import type { Tail } from "../log/tail.ts";
import { createCursorStore } from "./cursors.ts";
import { type Lease, whileElected } from "./election.ts";
import { createHealth, type Health } from "./health.ts";
import { inhabited } from "./inhabited.ts";
import { measureLag, readLag } from "./lag.ts";
import { CATEGORY, publish } from "./publish.ts";
import { createQueues } from "./queues.ts";
import { createPauses, orAborted } from "./signals.ts";

/** How long a start waits for brokers before it goes on without having seen the topic. */
const FIRST_LOOK_MS = 3_000;

export interface PublishingOptions {
  readonly kafka: KafkaServers;
  readonly spec: TopicSpec;
  /** A lag beyond this is no longer ready. */
  readonly readyLagSeconds: number;
  readonly pool: pg.Pool;
  readonly reader: LogReader;
  readonly tail: Tail;
  readonly metrics: Metrics;
  readonly logger: Logger;
}

/** The relay's way into Kafka. */
export interface Publishing {
  readonly readiness: readonly ReadinessCheck[];
  stop(): Promise<void>;
}

/**
 * Publishes in the background whenever this process is the one to do so. Throws a
 * TopicMismatchError when the topic is not as it should be; brokers that are away are waited for.
 */
export async function startPublishing(options: PublishingOptions): Promise<Publishing> {
  const { kafka, spec, pool, metrics, logger } = options;
  await lookAtTopic(options);
  const lag = () => readLag(pool, spec.topic, spec.partitions);
  measureLag(lag, metrics, logger);
  const health = createHealth(metrics);
  const stopping = new AbortController();
  const election = { pool, logger, name: spec.topic };
  const running = whileElected(
    election,
    (lease) => publishUnder(options, health, lease),
    stopping.signal,
  );
  return {
    readiness: [
      {
        name: "topic",
        async check() {
          if (health.isOverdue()) throw new Error("events wait to be published");
          await canReachBrokers(kafka);
        },
      },
      {
        name: "lag",
        async check() {
          const isLate = (await lag()).some(({ seconds }) => seconds > options.readyLagSeconds);
          if (isLate) throw new Error("the topic is too far behind the log");
        },
      },
    ],
    async stop() {
      stopping.abort();
      await running;
    },
  };
}

async function lookAtTopic({ kafka, spec, logger }: PublishingOptions): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, FIRST_LOOK_MS);
  ensureTopic(kafka, spec, logger).then(
    () => resolve(),
    (err) => (err instanceof TopicMismatchError ? reject(err) : resolve()),
  );
  await promise.finally(() => clearTimeout(timer));
}

async function publishUnder(
  options: PublishingOptions,
  health: Health,
  lease: Lease,
): Promise<void> {
  const { kafka, spec, pool, reader, tail, logger } = options;
  const { topic, partitions } = spec;
  const cursors = createCursorStore(pool, topic, topic);
  const empty = await emptyPartitions(options, lease);
  if (empty === undefined) return;
  // Empty is right where no account belongs; reading the whole log for it would find nothing.
  await cursors.restart(lease.epoch, await inhabited(pool, empty, partitions, CATEGORY));
  const queues = createQueues(partitions, await cursors.load());
  const publisher = createPublisher({ ...kafka, topic, partitions, logger });
  health.active(true);
  try {
    const work = { reader, tail, publisher, cursors, queues, partitions, health, logger };
    await publish({ ...work, readRecords: (slice) => readRecords(pool, slice) }, lease);
  } finally {
    health.active(false);
    publisher.close().catch((err) => logger.warn({ err }, "the publisher did not close"));
  }
}

/**
 * The partitions without a single record, once the topic is as it should be: whatever cursors say,
 * these begin at the beginning where some account belongs into them, as after a topic was lost.
 * Undefined when the lease ended first.
 */
async function emptyPartitions(
  { kafka, spec, logger }: PublishingOptions,
  { signal }: Lease,
): Promise<readonly number[] | undefined> {
  const pauses = createPauses(signal);
  while (!signal.aborted) {
    try {
      return (await orAborted(ensureTopic(kafka, spec, logger), signal))?.emptyPartitions;
    } catch (err) {
      if (err instanceof TopicMismatchError) logger.error({ err }, "nothing is published");
      else logger.warn({ err }, "the topic is out of reach");
      await pauses.afterFailure();
    }
  }
  return undefined;
}

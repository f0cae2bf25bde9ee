import {
  createPublisher,
  ensureTopic,
  type KafkaServers,
  type Publisher,
  type TopicSpec,
} from "@countinghouse/bus";
import type { Logger, Metrics } from "@countinghouse/service-kit";
import type { Bell } from "../bell.ts";
import type { Ledgers } from "../sealing/ledgers.ts";
import type { Database } from "../tables.ts";
import { publishNext } from "./publish-next.ts";

/** How long a ring that was missed can go unnoticed. */
const LOOK_EVERY_MS = 1_000;
const [FIRST_PAUSE_MS, LONGEST_PAUSE_MS] = [200, 10_000];

export interface PublishingDeps {
  readonly db: Database;
  readonly kafka: KafkaServers;
  readonly spec: TopicSpec;
  readonly ledgers: Pick<Ledgers, "all">;
  /** Rings whenever there is a new checkpoint. */
  readonly bell: Bell;
  readonly metrics: Metrics;
  readonly logger: Logger;
}

/** The audit's way into Kafka. */
export interface Publishing {
  stop(): Promise<void>;
}

/**
 * Publishes every checkpoint that may be given out, each ledger's in order, at least once. Sealing
 * does not wait for it: brokers that are away, and a topic that is not as it should be, are waited
 * for and told.
 */
export function startPublishing(deps: PublishingDeps): Publishing {
  const { kafka, spec, ledgers, bell, metrics, logger } = deps;
  const { topic, partitions } = spec;
  const help = "Size of the newest checkpoint in the topic";
  const sizes = metrics.gauge("audit_topic_size", help, ["ledger"]);
  let isStopping = false;
  let publisher: Publisher | undefined;

  async function publishAll(): Promise<number> {
    if (publisher === undefined) {
      await ensureTopic(kafka, spec, logger);
      publisher = createPublisher({ ...kafka, topic, partitions, logger });
    }
    let published = 0;
    for (const { ledger, published: newest } of ledgers.all()) {
      if (newest === undefined || newest.size === 0) continue;
      const next = { db: deps.db, publisher, topic, ledger, upTo: newest.size };
      const { size, count } = await publishNext(next);
      sizes.set({ ledger: String(ledger) }, size);
      published += count;
    }
    return published;
  }

  async function run(): Promise<void> {
    let pauseMs = FIRST_PAUSE_MS;
    while (!isStopping) {
      try {
        const count = await publishAll();
        pauseMs = FIRST_PAUSE_MS;
        if (count === 0 && !isStopping) await bell.rung(LOOK_EVERY_MS);
      } catch (err) {
        logger.warn({ err, topic }, "checkpoints could not be published; trying again");
        if (!isStopping) await bell.rung(pauseMs);
        pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
      }
    }
    await publisher?.close();
  }

  const running = run();
  return {
    async stop() {
      isStopping = true;
      bell.ring();
      await running;
    },
  };
}

import {
  type BatchHandler,
  type EventSubscription,
  type PositionStore,
  subscribeKafka,
  subscribeLog,
} from "@countinghouse/bus";
import { topicsOf } from "@countinghouse/contracts";
import type { Logger, ServiceClient } from "@countinghouse/service-kit";
import type { Config } from "./config.ts";
import type { Heads } from "./progress.ts";

/** Where Kafka is, and as which group this service reads there. */
export interface KafkaPlace {
  readonly brokers: readonly string[];
  readonly topic: string;
  readonly groupId: string;
}

/**
 * The topic, read as one group: the processes of this service share the partitions. Undefined where
 * there are no brokers.
 */
export function kafkaPlace({ KAFKA_BROKERS, TOPIC_PREFIX }: Config): KafkaPlace | undefined {
  if (KAFKA_BROKERS === undefined) return undefined;
  return {
    brokers: KAFKA_BROKERS.split(","),
    topic: topicsOf(TOPIC_PREFIX).accountEvents,
    groupId: `${TOPIC_PREFIX}.query.v1`,
  };
}

export interface FollowingDeps {
  readonly relay: ServiceClient;
  /** Absent: the log is followed over HTTP. */
  readonly kafka: KafkaPlace | undefined;
  readonly store: PositionStore;
  readonly onBatch: BatchHandler;
  readonly onHeads: (heads: Heads) => void;
  readonly logger: Logger;
}

/** The way the events come: over Kafka where there are brokers, else over the log by HTTP. */
export function follow(deps: FollowingDeps): EventSubscription {
  const { relay, kafka, store, onBatch, onHeads, logger } = deps;
  if (kafka !== undefined) return subscribeKafka({ ...kafka, store, onBatch, logger });
  return subscribeLog({
    open: (query, signal) => relay.open("readLogInside", { query, signal }),
    async listLedgers() {
      const answer = await relay.ask("listLedgers", {});
      const ledgers = answer?.items ?? [];
      onHeads(ledgers);
      return ledgers;
    },
    store,
    onBatch,
    logger,
  });
}

import {
  type BatchHandler,
  type EventSubscription,
  type KafkaServers,
  type PositionStore,
  subscribeKafka,
  subscribeLog,
} from "@countinghouse/bus";
import { topicsOf } from "@countinghouse/contracts";
import { kafkaServers, type Logger, type ServiceClient } from "@countinghouse/service-kit";
import type { Config } from "./config.ts";
import type { Heads } from "./progress.ts";
import { TablesWentBackError } from "./projector/projector.ts";

/** All partitions of a process that have something: they are applied together. */
const PARTITIONS_AT_ONCE = 64;

/** Where Kafka is, and as which group this service reads there. */
export interface KafkaPlace extends KafkaServers {
  readonly topic: string;
  readonly groupId: string;
}

/**
 * The topic, read as one group: the processes of this service share the partitions. Undefined where
 * there are no brokers.
 */
export function kafkaPlace(config: Config): KafkaPlace | undefined {
  const { TOPIC_PREFIX } = config;
  const servers = kafkaServers(config);
  if (servers === undefined) return undefined;
  const topic = topicsOf(TOPIC_PREFIX).accountEvents;
  return { ...servers, topic, groupId: `${TOPIC_PREFIX}.query.v1` };
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

/**
 * Follows until it is stopped, as often as it takes: when the tables have gone back, from where
 * they are.
 */
export function followAlways(deps: FollowingDeps, onWentBack: () => void): EventSubscription {
  let [isStopped, again]: [boolean, Promise<void> | undefined] = [false, undefined];
  let current = begin();

  function begin(): EventSubscription {
    return follow({
      ...deps,
      async onBatch(batch) {
        try {
          await deps.onBatch(batch);
        } catch (error) {
          if (error instanceof TablesWentBackError) again ??= beginAgain(error);
          throw error;
        }
      },
    });
  }

  async function beginAgain(err: TablesWentBackError): Promise<void> {
    deps.logger.warn({ err }, "the tables went back; following again from where they are");
    onWentBack();
    await current.stop();
    again = undefined;
    if (isStopped) return;
    current = begin();
    current.run();
  }

  return {
    run: () => current.run(),
    async stop() {
      isStopped = true;
      await again;
      await current.stop();
    },
  };
}

/** The way the events come: over Kafka where there are brokers, else over the log by HTTP. */
export function follow(deps: FollowingDeps): EventSubscription {
  const { relay, kafka, store, onBatch, onHeads, logger } = deps;
  if (kafka !== undefined) {
    const partitionsAtOnce = PARTITIONS_AT_ONCE;
    return subscribeKafka({ ...kafka, partitionsAtOnce, store, onBatch, logger });
  }
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

import {
  type BatchHandler,
  type EventSubscription,
  type PositionStore,
  subscribeKafka,
  subscribeLog,
} from "@countinghouse/bus";
import { TOPICS } from "@countinghouse/contracts";
import type { Logger, ServiceClient } from "@countinghouse/service-kit";
import type { Heads } from "./progress.ts";

/** The consumer group of this service: its processes share the partitions. */
const GROUP_ID = "countinghouse.query.v1";

export interface FollowingDeps {
  readonly relay: ServiceClient;
  /** Absent: the log is followed over HTTP. */
  readonly brokers: string | undefined;
  readonly store: PositionStore;
  readonly onBatch: BatchHandler;
  readonly onHeads: (heads: Heads) => void;
  readonly logger: Logger;
}

/** The way the events come: over Kafka where there are brokers, else over the log by HTTP. */
export function follow(deps: FollowingDeps): EventSubscription {
  const { relay, brokers, store, onBatch, onHeads, logger } = deps;
  if (brokers !== undefined) {
    const [topic, groupId] = [TOPICS.accountEvents, GROUP_ID];
    const options = { brokers: brokers.split(","), groupId, topic, store, onBatch, logger };
    return subscribeKafka(options);
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

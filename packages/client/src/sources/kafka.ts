import { type EventSubscription, type KafkaSecurity, subscribeKafka } from "@countinghouse/bus";
import type { EventSource } from "./source.ts";

export interface KafkaOptions {
  readonly brokers: readonly string[];
  /** Processes with the same group share the work. It needs a store that they share, too. */
  readonly groupId: string;
  /** TLS, and who this subscriber is; plain connections unless given. */
  readonly security?: KafkaSecurity;
  /** The log over HTTP, to release stopped accounts: a topic cannot be read by account. */
  readonly log?: EventSource;
}

/** Follows topics of the bank's Kafka. */
export function kafka({ brokers, groupId, security, log }: KafkaOptions): EventSource {
  const place = { brokers, ...(security !== undefined && { security }) };
  return {
    follow({ topics, ...following }) {
      if (topics.length === 0) throw new RangeError("no topics");
      // A group whose members read different topics shares them out wrongly: one group for each.
      const all = topics.map((topic) => {
        const own = topics.length === 1 ? groupId : `${groupId}.${topic}`;
        return subscribeKafka({ ...following, ...place, topic, groupId: own });
      });
      return together(all);
    },
    ...(log?.readAccount !== undefined && { readAccount: log.readAccount }),
  };
}

function together(subscriptions: readonly EventSubscription[]): EventSubscription {
  return {
    run() {
      for (const subscription of subscriptions) subscription.run();
    },
    async stop() {
      await Promise.all(subscriptions.map((subscription) => subscription.stop()));
    },
  };
}

import { randomUUID } from "node:crypto";
import { type EventSubscription, subscribeKafka } from "@countinghouse/bus";
import type { Envelope } from "@countinghouse/contracts";

const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined };

/** Everything that is in a topic, repeats and all, as it comes. */
export interface TopicReader {
  readonly events: readonly Envelope[];
  /** How many different events there are. */
  distinct(): number;
  /** The versions of each stream in the order in which they came first. */
  versions(): Map<string, number[]>;
  stop(): Promise<void>;
}

export function readTopic(brokers: readonly string[], topic: string): TopicReader {
  const positions = new Map<string, bigint>();
  const events: Envelope[] = [];
  const subscription: EventSubscription = subscribeKafka({
    ...{ brokers, topic, groupId: randomUUID(), logger: quiet },
    store: { position: async (source) => positions.get(source) ?? 0n },
    async onBatch(batch) {
      events.push(...batch.events);
      positions.set(batch.source, batch.next);
    },
  });
  subscription.run();
  return {
    events,
    distinct: () => new Set(events.map(({ eventId }) => eventId)).size,
    versions() {
      const found = new Map<string, Set<number>>();
      for (const { streamId, version } of events) {
        found.set(streamId, (found.get(streamId) ?? new Set()).add(version));
      }
      return new Map([...found].map(([stream, versions]) => [stream, [...versions]]));
    },
    stop: () => subscription.stop(),
  };
}

import { TopicPrefix } from "@countinghouse/contracts";
import Type, { type Static } from "typebox";

/** How topics have to be, for who fills them and for who looks after them. */
export const topicSettings = {
  TOPIC_PREFIX: TopicPrefix,
  /** Copies of each partition; 3 in production. */
  TOPIC_REPLICATION: Type.Integer({ minimum: 1, maximum: 9, default: 1 }),
  /** Copies that must have an event before it counts; absent, all but one. */
  TOPIC_MIN_INSYNC: Type.Optional(Type.Integer({ minimum: 1, maximum: 9 })),
  /** How long events are kept; -1 is for ever. */
  TOPIC_RETENTION_MS: Type.Integer({ minimum: -1, default: -1 }),
};

const schema = Type.Object(topicSettings);

/** A topic as the settings want it. */
export function topicSpec(
  topic: string,
  partitions: number,
  settings: Static<typeof schema>,
): {
  readonly topic: string;
  readonly partitions: number;
  readonly replication: number;
  readonly retentionMs: number;
  readonly minInsync?: number;
} {
  const { TOPIC_REPLICATION, TOPIC_RETENTION_MS, TOPIC_MIN_INSYNC } = settings;
  return {
    ...{ topic, partitions, replication: TOPIC_REPLICATION, retentionMs: TOPIC_RETENTION_MS },
    ...(TOPIC_MIN_INSYNC !== undefined && { minInsync: TOPIC_MIN_INSYNC }),
  };
}

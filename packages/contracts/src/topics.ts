import Type from "typebox";

/** Topics are the public names of the streams; a new version is a new topic. */
export function topicsOf(prefix: string): {
  readonly accountEvents: string;
  readonly checkpoints: string;
} {
  return {
    accountEvents: `${prefix}.account-events.v1`,
    checkpoints: `${prefix}.checkpoints.v1`,
  };
}

/** What the names of all topics begin with where nothing else is chosen. */
export const USUAL_PREFIX = "countinghouse";

/** The topics of a deployment that does not choose a prefix. */
export const TOPICS = topicsOf(USUAL_PREFIX);

/** What the names of all topics begin with: a setting of who fills them and of who reads them. */
export const TopicPrefix = Type.String({
  pattern: "^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$",
  default: USUAL_PREFIX,
});

/**
 * Partitions of the topic of account events; fixed for good, since the key decides the partition.
 */
export const ACCOUNT_EVENT_PARTITIONS = 12;

/** Partitions of the topic of checkpoints: few records, and all of them in one order. */
export const CHECKPOINT_PARTITIONS = 1;

/** Topics are the public names of the streams; a new version is a new topic. */
export const TOPICS = { accountEvents: "countinghouse.account-events.v1" } as const;

/**
 * Partitions of the topic of account events; fixed for good, since the key decides the partition.
 */
export const ACCOUNT_EVENT_PARTITIONS = 12;

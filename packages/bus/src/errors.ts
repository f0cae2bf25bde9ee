/** A record of a topic is no event of ours. */
export class UnreadableRecordError extends Error {
  readonly code = "unreadable_record";
  readonly retryable = false;
  override readonly name = "UnreadableRecordError";
}

/**
 * The broker did not acknowledge events. They may be in the topic all the same: publish them again,
 * consumers drop repeats by version.
 */
export class NotPublishedError extends Error {
  readonly code = "not_published";
  readonly retryable = true;
  override readonly name = "NotPublishedError";
}

/** The broker will never take an event of this size: a person has to raise the topic's limit. */
export class EventTooLargeError extends Error {
  readonly code = "event_too_large";
  readonly retryable = false;
  override readonly name = "EventTooLargeError";
}

/** A topic is not as the settings want it. Nothing is changed: a person decides. */
export class TopicMismatchError extends Error {
  readonly code = "topic_mismatch";
  readonly retryable = false;
  override readonly name = "TopicMismatchError";
}

/** The relay answered what is not the log: a line that is no event, or a position left out. */
export class BrokenLogError extends Error {
  readonly code = "broken_log";
  readonly retryable = true;
  override readonly name = "BrokenLogError";
}

import type { BatchHandler, BusLogger, EventSubscription, PositionStore } from "@countinghouse/bus";
import type { Envelope } from "@countinghouse/contracts";

/** What a source is told when it is to be followed. */
export interface Following {
  /** By their public names, like those in TOPICS. */
  readonly topics: readonly string[];
  readonly store: PositionStore;
  readonly onBatch: BatchHandler;
  readonly logger: BusLogger;
}

/** Of which account to read the events, and after which position of its ledger. */
export interface AccountQuery {
  readonly accountId: string;
  readonly ledger: number;
  readonly after: number;
}

/** Where events come from: Kafka, or the log over HTTP. */
export interface EventSource {
  /** Throws a RangeError for topics that the source does not have. */
  follow(following: Following): EventSubscription;
  /** The next events of an account, in their order; none when there are no more. */
  readAccount?(query: AccountQuery, signal: AbortSignal): Promise<Envelope[]>;
}

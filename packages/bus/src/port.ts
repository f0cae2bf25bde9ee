import type { ConnectionOptions } from "node:tls";
import type { Envelope } from "@countinghouse/contracts";

/** Events of one source, in its order, and where the source goes on after them. */
export interface EventBatch {
  /** `log:<ledger>` or `kafka:<topic>:<partition>`: what `next` belongs to. */
  readonly source: string;
  /** In the order of the log within every stream. May be empty where only `next` has moved. */
  readonly events: readonly Envelope[];
  /** Records of a topic that are no events of ours; they are logged, and passed over. */
  readonly unreadable: readonly UnreadableRecord[];
  /**
   * What to store for `source` in the transaction that stores what came of the events: on the log
   * the position of its last event, in Kafka the offset of the next record.
   */
  readonly next: bigint;
}

/** A record from which no envelope can be read, found by its offset and its key. */
export interface UnreadableRecord {
  readonly offset: bigint;
  readonly key: string | undefined;
  readonly reason: string;
}

/**
 * Takes a batch and returns once its outcome and `next` are durable. Batches of one source come one
 * after another; those of different sources may come at once. When it throws, the same events come
 * again, so it throws only for what may pass, like a database that is away, never for an event that
 * cannot be applied.
 */
export type BatchHandler = (batch: EventBatch) => Promise<void>;

/** Where the handler keeps how far each source is handled. */
export interface PositionStore {
  /** The `next` of the last batch of this source that was stored; 0n when there was none. */
  position(source: string): Promise<bigint>;
}

/**
 * Delivers every event to a handler at least once and in the order of each stream; what comes again
 * after a restart is only what was not stored. Problems of the network and of the handler are
 * waited out for ever, with growing pauses.
 */
export interface EventSubscription {
  /** Begins in the background; does not throw and is called once. */
  run(): void;
  /** After it resolves nothing more is delivered, and no batch is being handled. */
  stop(): Promise<void>;
}

/** The part of a logger that the bus uses; pino's fits. */
export interface BusLogger {
  info(facts: object, text: string): void;
  warn(facts: object, text: string): void;
  error(facts: object, text: string): void;
}

/** What is asked of the relay to follow a ledger: as the operation readLogInside. */
export interface FollowQuery {
  readonly ledger: number;
  readonly after: number;
  readonly limit: number;
  readonly follow: true;
}

export interface LogSubscriptionOptions {
  /** Opens the answer of `/internal/events`; rejects when it is not a success. */
  open(query: FollowQuery, signal: AbortSignal): Promise<Response>;
  /** Asked again and again, so that a new ledger is followed, too. */
  listLedgers(): Promise<readonly { readonly ledger: number }[]>;
  readonly store: PositionStore;
  readonly onBatch: BatchHandler;
  readonly logger: BusLogger;
}

/** Who a client of Kafka says it is. */
export type KafkaSasl =
  | {
      readonly mechanism: "plain" | "scram-sha-256" | "scram-sha-512";
      readonly username: string;
      readonly password: string;
    }
  /** Asked for a token whenever a connection is made. */
  | { readonly mechanism: "oauthbearer"; readonly token: () => Promise<string> };

/** How connections to brokers are secured; without it they are plain, and nobody's. */
export interface KafkaSecurity {
  /** TLS: true with the authorities that Node knows, or what Node's `tls.connect` takes. */
  readonly tls?: boolean | ConnectionOptions;
  readonly sasl?: KafkaSasl;
}

/** Where Kafka is, and how it is spoken to. */
export interface KafkaServers {
  /** `host:port` of some of its brokers; the others are found through these. */
  readonly brokers: readonly string[];
  readonly security?: KafkaSecurity;
}

export interface KafkaSubscriptionOptions extends KafkaServers {
  readonly groupId: string;
  readonly topic: string;
  /** Batches of so many partitions are handed over at once; 4 unless given. */
  readonly partitionsAtOnce?: number;
  readonly store: PositionStore;
  readonly onBatch: BatchHandler;
  readonly logger: BusLogger;
}

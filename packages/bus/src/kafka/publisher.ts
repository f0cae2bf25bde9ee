import kafkajs, {
  type Kafka,
  type PartitionerArgs,
  type Producer,
  type RecordMetadata,
} from "kafkajs";
import type { EventRecord } from "../cloud-event.ts";
import { EventTooLargeError, NotPublishedError } from "../errors.ts";
import { partitionOf } from "../partition.ts";
import type { BusLogger, KafkaServers } from "../port.ts";
import { createKafka, RETRY } from "./client.ts";

/** Beyond it kafkajs gets slower for everybody. */
export const PUBLISH_MAX = 500;
/** How long the leader may take to have its followers acknowledge. */
const ACKNOWLEDGE_TIMEOUT_MS = 5_000;
/**
 * A leader that moved is noticed by an error. Looking around without one, as kafkajs does every
 * five minutes, fails for all partitions while one has no leader.
 */
const METADATA_MAX_AGE_MS = 24 * 60 * 60 * 1_000;

export interface PublisherOptions extends KafkaServers {
  readonly topic: string;
  readonly partitions: number;
  readonly logger: BusLogger;
}

/**
 * Puts events into a topic, so that none is lost and each partition keeps its order. kafkajs 2.2.4
 * reports success for messages it lost when a send spans partitions or several sends of a partition
 * are under way; so neither is possible here.
 */
export interface Publisher {
  /**
   * Publishes 1 to PUBLISH_MAX events, all of this partition, and returns when the brokers have
   * acknowledged them. One call at a time for each partition.
   * @throws NotPublishedError unknown whether they are there; publish the same again
   * @throws EventTooLargeError publishing the same again is of no use
   */
  publish(partition: number, records: readonly EventRecord[]): Promise<void>;
  close(): Promise<void>;
}

export function createPublisher(options: PublisherOptions): Publisher {
  const producers = createProducers(options);
  const busy = new Set<number>();
  return {
    async publish(partition, records) {
      checkCall(options, busy, partition, records);
      busy.add(partition);
      const producer = producers.of(partition);
      try {
        await producer.connected;
        checkResult(partition, await send(producer.client, options.topic, partition, records));
      } catch (cause) {
        producers.leave(partition);
        throw named(cause);
      } finally {
        busy.delete(partition);
      }
    },
    close: () => producers.close(),
  };
}

interface OneProducer {
  readonly client: Producer;
  readonly connected: Promise<void>;
  /** The partitions that send with it. */
  readonly members: Set<number>;
}

/**
 * One producer for all partitions as long as nothing is rejected. What a producer would do for a
 * partition after it rejected a send is not known, so the partition leaves it for a new one, which
 * is shared in turn; the others stay, and do not stand still when one leader is away.
 */
interface Producers {
  of(partition: number): OneProducer;
  /** The partition will never send with its producer again. */
  leave(partition: number): void;
  close(): Promise<void>;
}

function createProducers(options: PublisherOptions): Producers {
  const { logger } = options;
  const kafka = createKafka(options, "countinghouse-publisher", logger);
  const byPartition = new Map<number, OneProducer>();
  /** The producer that whoever has none takes. */
  let newest: OneProducer | undefined;
  return {
    of(partition) {
      let producer = byPartition.get(partition);
      if (producer === undefined) {
        newest ??= connect(kafka);
        producer = newest;
        producer.members.add(partition);
        byPartition.set(partition, producer);
      }
      return producer;
    },
    leave(partition) {
      const left = byPartition.get(partition);
      if (left === undefined) return;
      byPartition.delete(partition);
      left.members.delete(partition);
      if (newest === left) newest = undefined;
      if (left.members.size > 0) return;
      left.client
        .disconnect()
        .catch((err) => logger.warn({ err }, "a broken producer did not disconnect"));
    },
    async close() {
      const open = [...new Set(byPartition.values())];
      await Promise.all(
        open.map(async ({ client, connected }) => {
          await connected.catch(() => undefined);
          await client.disconnect();
        }),
      );
    },
  };
}

function connect(kafka: Kafka): OneProducer {
  const client = kafka.producer({
    idempotent: true,
    maxInFlightRequests: 1,
    allowAutoTopicCreation: false,
    metadataMaxAge: METADATA_MAX_AGE_MS,
    retry: { ...RETRY },
    createPartitioner: () => explicitPartition,
  });
  const connected = client.connect();
  connected.catch(() => undefined);
  return { client, connected, members: new Set() };
}

function explicitPartition({ message: { partition } }: PartitionerArgs): number {
  if (partition === undefined) throw new Error("a message without a partition");
  return partition;
}

function checkCall(
  { partitions }: PublisherOptions,
  busy: ReadonlySet<number>,
  partition: number,
  records: readonly EventRecord[],
): void {
  if (records.length < 1 || records.length > PUBLISH_MAX) {
    throw new RangeError(`${records.length} events at once`);
  }
  if (records.some(({ key }) => partitionOf(key, partitions) !== partition)) {
    throw new RangeError(`an event does not belong into partition ${partition}`);
  }
  if (busy.has(partition)) throw new RangeError(`partition ${partition} is being published to`);
}

function send(
  producer: Producer,
  topic: string,
  partition: number,
  records: readonly EventRecord[],
): Promise<RecordMetadata[]> {
  const messages = records.map(({ key, value, headers }) => ({ key, value, headers, partition }));
  return producer.send({ topic, messages, acks: -1, timeout: ACKNOWLEDGE_TIMEOUT_MS });
}

/** A send to a partition that is not there resolves, too, with no result. */
function checkResult(partition: number, results: readonly RecordMetadata[]): void {
  const [result, ...more] = results;
  if (result?.partition !== partition || result.errorCode !== 0 || more.length > 0) {
    throw new Error(`the answer to a send was ${JSON.stringify(results)}`);
  }
}

function named(cause: unknown): Error {
  if (causes(cause).some(isTooLarge)) {
    return new EventTooLargeError("an event is larger than the topic takes", { cause });
  }
  return new NotPublishedError("the brokers did not acknowledge", { cause });
}

function isTooLarge(error: unknown): boolean {
  return error instanceof kafkajs.KafkaJSProtocolError && error.type === "MESSAGE_TOO_LARGE";
}

function causes(error: unknown): unknown[] {
  if (!(error instanceof Error)) return [error];
  return error.cause === undefined ? [error] : [error, ...causes(error.cause)];
}

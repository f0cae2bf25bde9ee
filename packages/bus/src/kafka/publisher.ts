import type { Envelope } from "@countinghouse/contracts";
import kafkajs, {
  type Kafka,
  type PartitionerArgs,
  type Producer,
  type RecordMetadata,
} from "kafkajs";
import { toRecord } from "../cloud-event.ts";
import { EventTooLargeError, NotPublishedError } from "../errors.ts";
import { partitionOf } from "../partition.ts";
import type { BusLogger } from "../port.ts";
import { createKafka, RETRY } from "./client.ts";

/** Beyond it kafkajs gets slower for everybody. */
export const PUBLISH_MAX = 500;
/** How long the leader may take to have its followers acknowledge. */
const ACKNOWLEDGE_TIMEOUT_MS = 5_000;

export interface PublisherOptions {
  readonly brokers: readonly string[];
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
  publish(partition: number, events: readonly Envelope[]): Promise<void>;
  close(): Promise<void>;
}

export function createPublisher(options: PublisherOptions): Publisher {
  const kafka = createKafka(options.brokers, "countinghouse-publisher", options.logger);
  const busy = new Set<number>();
  let current: Held | undefined;
  return {
    async publish(partition, events) {
      checkCall(options, busy, partition, events);
      busy.add(partition);
      if (current === undefined || current.isBroken) current = hold(kafka);
      const held = current;
      held.users += 1;
      try {
        await held.connected;
        checkResult(partition, await send(held.producer, options.topic, partition, events));
      } catch (cause) {
        held.isBroken = true;
        throw named(cause);
      } finally {
        busy.delete(partition);
        held.users -= 1;
        letGo(held, options.logger);
      }
    },
    async close() {
      await current?.connected.catch(() => undefined);
      await current?.producer.disconnect();
    },
  };
}

/** A producer, until one of its sends is rejected: what it would do after that is not known. */
interface Held {
  readonly producer: Producer;
  readonly connected: Promise<void>;
  isBroken: boolean;
  users: number;
}

function hold(kafka: Kafka): Held {
  const producer = kafka.producer({
    idempotent: true,
    maxInFlightRequests: 1,
    allowAutoTopicCreation: false,
    retry: { ...RETRY },
    createPartitioner: () => explicitPartition,
  });
  return { producer, connected: producer.connect(), isBroken: false, users: 0 };
}

function explicitPartition({ message: { partition } }: PartitionerArgs): number {
  if (partition === undefined) throw new Error("a message without a partition");
  return partition;
}

function letGo({ producer, isBroken, users }: Held, logger: BusLogger): void {
  if (!isBroken || users > 0) return;
  producer
    .disconnect()
    .catch((err) => logger.warn({ err }, "a broken producer did not disconnect"));
}

function checkCall(
  { partitions }: PublisherOptions,
  busy: ReadonlySet<number>,
  partition: number,
  events: readonly Envelope[],
): void {
  if (events.length < 1 || events.length > PUBLISH_MAX) {
    throw new RangeError(`${events.length} events at once`);
  }
  if (events.some(({ streamId }) => partitionOf(streamId, partitions) !== partition)) {
    throw new RangeError(`an event does not belong into partition ${partition}`);
  }
  if (busy.has(partition)) throw new RangeError(`partition ${partition} is being published to`);
}

function send(
  producer: Producer,
  topic: string,
  partition: number,
  events: readonly Envelope[],
): Promise<RecordMetadata[]> {
  const messages = events.map((event) => {
    const { key, value, headers } = toRecord(event);
    return { key, value, headers: { ...headers }, partition };
  });
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

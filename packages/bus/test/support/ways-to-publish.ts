import { Kafka, logLevel, type Message, Partitioners, type Producer } from "kafkajs";
import { createPublisher, type EventRecord } from "../../src/index.ts";
import { RETRY } from "../../src/kafka/client.ts";
import { quiet } from "./handler.ts";

/** Messages of one partition in one send. */
export const SEND_MESSAGES = 50;
const SENDS_AT_ONCE = 4;
const TIMEOUT_MS = 5_000;
const REQUEST_TIMEOUT_MS = 10_000;

export interface Place {
  readonly brokers: readonly string[];
  readonly topic: string;
  readonly partitions: number;
}

/** What a way to publish takes from: the next records of a partition, in order. */
export interface Source {
  next(partition: number): readonly EventRecord[];
  /** The brokers have said that these are there. */
  acknowledged(partition: number, records: readonly EventRecord[]): void;
  rejected(): void;
  /** Between two sends, so that each way has the same load. */
  pause(): Promise<void>;
  isOver(): boolean;
}

/** Publishes from the source until it is over, whatever happens to the brokers. */
export type Way = (place: Place, source: Source) => Promise<void>;

/** As the relay does: all guards. */
export const guarded: Way = async (place, source) => {
  const publisher = createPublisher({ ...place, logger: quiet });
  await forEachPartition(place, async (partition) => {
    let batch = source.next(partition);
    while (!source.isOver()) {
      try {
        await publisher.publish(partition, batch);
        source.acknowledged(partition, batch);
        batch = source.next(partition);
        await source.pause();
      } catch {
        source.rejected();
      }
    }
  });
  await publisher.close();
};

/** One send for all partitions; what is rejected is sent again by the same producer. */
export const acrossPartitions: Way = async (place, source) => {
  const producer = await connect(place, true);
  const all = Array.from({ length: place.partitions }, (_, partition) => partition);
  while (!source.isOver()) {
    const batches = all.map((partition) => source.next(partition));
    const messages = batches.flatMap((batch, partition) => messagesOf(batch, partition));
    await untilSent(producer, place, messages, source);
    if (source.isOver()) break;
    for (const [partition, batch] of batches.entries()) source.acknowledged(partition, batch);
    await source.pause();
  }
  await producer.disconnect();
};

/** Several sends of each partition under way at once. */
export function concurrent(isIdempotent: boolean): Way {
  return async (place, source) => {
    const producer = await connect(place, isIdempotent);
    await forEachPartition(place, async (partition) => {
      const lane = async () => {
        while (!source.isOver()) {
          const batch = source.next(partition);
          await untilSent(producer, place, messagesOf(batch, partition), source);
          if (!source.isOver()) source.acknowledged(partition, batch);
          await source.pause();
        }
      };
      await Promise.all(Array.from({ length: SENDS_AT_ONCE }, lane));
    });
    await producer.disconnect();
  };
}

async function forEachPartition(
  { partitions }: Place,
  work: (partition: number) => Promise<void>,
): Promise<void> {
  await Promise.all(Array.from({ length: partitions }, (_, partition) => work(partition)));
}

async function connect({ brokers }: Place, idempotent: boolean): Promise<Producer> {
  const kafka = new Kafka({
    ...{ brokers: [...brokers], clientId: "unguarded", logLevel: logLevel.NOTHING },
    requestTimeout: REQUEST_TIMEOUT_MS,
    retry: { ...RETRY },
  });
  const createPartitioner = Partitioners.DefaultPartitioner;
  const producer = kafka.producer({ idempotent, createPartitioner, retry: { ...RETRY } });
  await producer.connect();
  return producer;
}

function messagesOf(records: readonly EventRecord[], partition: number): Message[] {
  return records.map(({ key, value, headers }) => ({ key, value, headers, partition }));
}

async function untilSent(
  producer: Producer,
  { topic }: Place,
  messages: Message[],
  source: Source,
): Promise<void> {
  while (!source.isOver()) {
    try {
      await producer.send({ topic, messages, acks: -1, timeout: TIMEOUT_MS });
      return;
    } catch {
      source.rejected();
    }
  }
}

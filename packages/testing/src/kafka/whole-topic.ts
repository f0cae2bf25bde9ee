import { randomUUID } from "node:crypto";
import { type EachBatchPayload, Kafka, logLevel } from "kafkajs";

/** A record as this checker sees it; it shares no code with the services. */
export interface Seen {
  readonly partition: number;
  readonly eventId: string;
  readonly account: string;
  readonly position: number;
  readonly version: number;
  readonly value: string;
}

/** All records of a topic up to the ends that it has now, partition by partition in their order. */
export async function wholeTopic(brokers: string, topic: string): Promise<Seen[]> {
  const kafka = new Kafka({ brokers: brokers.split(","), logLevel: logLevel.NOTHING });
  const admin = kafka.admin();
  await admin.connect();
  const ends = await admin.fetchTopicOffsets(topic);
  await admin.disconnect();
  const open = new Map(
    ends.map(({ partition, high }) => [partition, BigInt(high)] as const).filter(([, end]) => end),
  );
  const found: Seen[] = [];
  const consumer = kafka.consumer({ groupId: `independent-checker-${randomUUID()}` });
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  await new Promise<void>((complete, reject) => {
    const eachBatch = async ({ batch }: EachBatchPayload) => {
      for (const message of batch.messages) found.push(seen(batch.partition, message));
      const end = open.get(batch.partition);
      if (end !== undefined && BigInt(batch.lastOffset()) + 1n >= end) open.delete(batch.partition);
      if (open.size === 0) complete();
    };
    consumer.run({ eachBatch }).catch(reject);
  });
  await consumer.disconnect();
  return found;
}

function seen(
  partition: number,
  { key, value, headers = {} }: EachBatchPayload["batch"]["messages"][number],
): Seen {
  const [position, version] = [Number(headers.ce_position), Number(headers.ce_streamversion)];
  const text = { eventId: String(headers.ce_id), account: String(key), value: String(value) };
  return { partition, position, version, ...text };
}

/** What is wrong with the order in which the events of each account came first; repeats are not. */
export function gapsIn(records: readonly Seen[]): string[] {
  const applied = new Map<string, number>();
  const homes = new Map<string, number>();
  return records.flatMap(({ account, version, partition }) => {
    const before = applied.get(account) ?? 0;
    const home = homes.get(account) ?? partition;
    homes.set(account, home);
    if (home !== partition) return [`${account} is in partitions ${home} and ${partition}`];
    if (version > before + 1) return [`${account}: ${version} after ${before}`];
    applied.set(account, Math.max(before, version));
    return [];
  });
}

/** The broker that leads each partition of a topic. */
export async function leadersOf(brokers: string, topic: string): Promise<number[]> {
  const kafka = new Kafka({ brokers: brokers.split(","), logLevel: logLevel.NOTHING });
  const admin = kafka.admin();
  await admin.connect();
  try {
    const { topics } = await admin.fetchTopicMetadata({ topics: [topic] });
    return (topics[0]?.partitions ?? []).map(({ leader }) => leader);
  } finally {
    await admin.disconnect();
  }
}

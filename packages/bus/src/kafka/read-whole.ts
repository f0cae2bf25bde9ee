import { randomUUID } from "node:crypto";
import type { EachBatchPayload } from "kafkajs";
import type { BusLogger, KafkaServers } from "../port.ts";
import { createKafka } from "./client.ts";

/** A record as it stands in a topic: bytes, and where it is. */
export interface WholeRecord {
  readonly partition: number;
  readonly key: string;
  readonly value: string;
  readonly header: (name: string) => string | undefined;
}

/**
 * Reads a topic from its beginning to the ends that it has when this is called, each partition in
 * its order, as a group of its own that leaves no trace in the topic. `onProgress` is told how many
 * records have been read, of how many. Throws what kafkajs throws.
 */
export async function readWholeTopic(
  servers: KafkaServers,
  topic: string,
  onRecord: (record: WholeRecord) => void,
  { logger, onProgress }: { logger: BusLogger; onProgress(done: number, all: number): void },
): Promise<void> {
  const kafka = createKafka(servers, "countinghouse-verify", logger);
  const admin = kafka.admin();
  await admin.connect();
  const ends = await admin.fetchTopicOffsets(topic).finally(() => admin.disconnect());
  const open = new Map(
    ends.map(({ partition, high }) => [partition, BigInt(high)] as const).filter(([, end]) => end),
  );
  const all = [...open.values()].reduce((sum, end) => sum + Number(end), 0);
  if (all === 0) return;
  const consumer = kafka.consumer({ groupId: `countinghouse-verify-${randomUUID()}` });
  try {
    await consumer.connect();
    await consumer.subscribe({ topic, fromBeginning: true });
    let done = 0;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const eachBatch = async ({ batch }: EachBatchPayload) => {
      const end = open.get(batch.partition) ?? 0n;
      for (const message of batch.messages) {
        if (BigInt(message.offset) >= end) break;
        done += 1;
        onRecord(recordOf(batch.partition, message));
      }
      onProgress(done, all);
      if (BigInt(batch.lastOffset()) + 1n >= end) open.delete(batch.partition);
      if (open.size === 0) resolve();
    };
    consumer.on("consumer.crash", ({ payload }) => reject(payload.error));
    await consumer.run({ autoCommit: false, eachBatch });
    await promise;
  } finally {
    await consumer.disconnect();
  }
}

function recordOf(
  partition: number,
  { key, value, headers = {} }: EachBatchPayload["batch"]["messages"][number],
): WholeRecord {
  const header = (name: string) => headers[name]?.toString();
  return { partition, key: String(key), value: String(value), header };
}

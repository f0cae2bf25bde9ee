import { randomUUID } from "node:crypto";
import { type EachBatchPayload, Kafka, logLevel } from "kafkajs";

/** The versions of each stream in a topic, as they lie there, repeats and all. */
export async function versionsIn(
  brokers: readonly string[],
  topic: string,
): Promise<Map<string, number[]>> {
  const kafka = new Kafka({ brokers: [...brokers], logLevel: logLevel.NOTHING });
  const admin = kafka.admin();
  await admin.connect();
  const ends = await admin.fetchTopicOffsets(topic);
  await admin.disconnect();
  const open = new Map(ends.map(({ partition, high }) => [partition, BigInt(high)]));
  for (const [partition, end] of open) if (end === 0n) open.delete(partition);
  const found = new Map<string, number[]>();
  const consumer = kafka.consumer({ groupId: randomUUID() });
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  await new Promise<void>((complete, reject) => {
    const eachBatch = async ({ batch }: EachBatchPayload) => {
      for (const { key, headers } of batch.messages) {
        const versions = found.get(String(key)) ?? [];
        versions.push(Number(headers?.ce_streamversion));
        found.set(String(key), versions);
      }
      const end = open.get(batch.partition);
      if (end !== undefined && BigInt(batch.lastOffset()) + 1n >= end) open.delete(batch.partition);
      if (open.size === 0) complete();
    };
    consumer.run({ eachBatch }).catch(reject);
  });
  await consumer.disconnect();
  return found;
}

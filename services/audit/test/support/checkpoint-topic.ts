import { randomUUID } from "node:crypto";
import { Kafka, logLevel } from "kafkajs";

/** A record of the topic as an outsider reads it. */
export interface TopicRecord {
  readonly key: string;
  readonly note: string;
  readonly size: number;
  readonly headers: Readonly<Record<string, string>>;
}

export interface TopicReader {
  /** Everything so far, repeats and all, as it came. */
  readonly records: readonly TopicRecord[];
  /** The sizes of one ledger without repeats, as a reader keeps them who drops what is not new. */
  sizes(ledger?: number): number[];
  stop(): Promise<void>;
}

export async function readCheckpoints(
  brokers: readonly string[],
  topic: string,
): Promise<TopicReader> {
  const kafka = new Kafka({ brokers: [...brokers], logLevel: logLevel.NOTHING });
  const consumer = kafka.consumer({ groupId: randomUUID() });
  const records: TopicRecord[] = [];
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  await consumer.run({
    async eachMessage({ message: { key, value, headers = {} } }) {
      const text = Object.entries(headers).map(([name, bytes]) => [name, String(bytes)]);
      const note = String(value);
      const size = Number(note.split("\n")[1]);
      records.push({ key: String(key), note, size, headers: Object.fromEntries(text) });
    },
  });
  return {
    records,
    sizes(ledger = 1) {
      let last = 0;
      const own = records.filter(({ headers }) => headers.ce_ledger === String(ledger));
      return own.flatMap(({ size }) => {
        if (size <= last) return [];
        last = size;
        return [size];
      });
    },
    stop: () => consumer.disconnect(),
  };
}

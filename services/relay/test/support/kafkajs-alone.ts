import { ensureTopic, partitionOf, toRecord } from "@countinghouse/bus";
import { ACCOUNT_EVENT_PARTITIONS } from "@countinghouse/contracts";
import { createLogReader } from "@countinghouse/event-store";
import { Kafka, logLevel, type Message } from "kafkajs";
import pg from "pg";

const SAMPLE_EVENTS = 60_000;
const ROUNDS = 3;
const SEND_EVENTS = 500;
const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined };

/**
 * Events a second that kafkajs itself sends here with the relay's settings: the records are made
 * before the clock starts, and nothing is read or checked.
 */
export async function sendAlone(
  brokers: readonly string[],
  topic: string,
  ownerUrl: string,
): Promise<number> {
  const spec = { topic, partitions: ACCOUNT_EVENT_PARTITIONS, replication: 1 };
  await ensureTopic({ brokers }, spec, quiet);
  const queues = await recordsOf(ownerUrl);
  const client = { brokers: [...brokers], clientId: "alone", logLevel: logLevel.NOTHING };
  const producer = new Kafka(client).producer({ idempotent: true, maxInFlightRequests: 1 });
  await producer.connect();
  const rates: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const from = performance.now();
    await Promise.all(
      queues.map(async (messages) => {
        for (let i = 0; i < messages.length; i += SEND_EVENTS) {
          const slice = messages.slice(i, i + SEND_EVENTS);
          await producer.send({ topic, acks: -1, messages: slice });
        }
      }),
    );
    const sent = queues.reduce((sum, { length }) => sum + length, 0);
    rates.push((sent / (performance.now() - from)) * 1_000);
  }
  await producer.disconnect();
  return Math.max(...rates);
}

async function recordsOf(ownerUrl: string): Promise<Message[][]> {
  const pool = new pg.Pool({ connectionString: ownerUrl, max: 1 });
  const queues = Array.from({ length: ACCOUNT_EVENT_PARTITIONS }, (): Message[] => []);
  for (const event of await createLogReader(pool).read({
    ...{ ledger: 1, after: 0, limit: SAMPLE_EVENTS },
  })) {
    const { key, value, headers } = toRecord(event);
    const partition = partitionOf(key, ACCOUNT_EVENT_PARTITIONS);
    queues[partition]?.push({ key, value, headers: { ...headers }, partition });
  }
  await pool.end();
  return queues;
}

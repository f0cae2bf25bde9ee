import { randomUUID } from "node:crypto";
import { kafkaBrokers } from "@countinghouse/testing";
import { type Admin, Kafka, logLevel } from "kafkajs";
import { ensureTopic } from "../../src/index.ts";
import { quiet } from "./handler.ts";

/** A topic of this name that nobody else has. */
export function freshName(): string {
  return `test.${randomUUID()}`;
}

export async function freshTopic(partitions: number): Promise<string> {
  const topic = freshName();
  await ensureTopic({ brokers: kafkaBrokers() }, { topic, partitions, replication: 1 }, quiet);
  return topic;
}

/** A plain client, to look behind ours. */
export function plainKafka(): Kafka {
  return new Kafka({ brokers: kafkaBrokers(), logLevel: logLevel.NOTHING });
}

export async function withAdmin<T>(work: (admin: Admin) => Promise<T>): Promise<T> {
  const admin = plainKafka().admin();
  await admin.connect();
  try {
    return await work(admin);
  } finally {
    await admin.disconnect();
  }
}

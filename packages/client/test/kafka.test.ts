import { randomUUID } from "node:crypto";
import { createPublisher, ensureTopic, partitionOf, toRecord } from "@countinghouse/bus";
import {
  type Envelope,
  httpLog,
  kafka,
  memoryStore,
  NoLogError,
  passwordToken,
  type StoppedAccount,
  subscribe,
} from "@countinghouse/client";
import { describeWithKafka, kafkaBrokers } from "@countinghouse/testing";
import { Kafka, logLevel } from "kafkajs";
import { expect, test } from "vitest";
import { openStubBank } from "./support/bank.ts";
import { createEventMaker } from "./support/events.ts";
import { quiet, sourceContract } from "./support/source-contract.ts";

const PARTITIONS = 3;
const WITHIN = { timeout: 20_000, interval: 10 };

describeWithKafka("Kafka", () => {
  sourceContract("Kafka", async () => {
    const [bank, { topic, append, close }] = [await openStubBank(), await openTopic()];
    const token = passwordToken({ ...bank, email: "auditor@example.com" });
    // What was published late is in the log, too.
    const published = (events: readonly Envelope[]) => {
      bank.append(events);
      return append(events);
    };
    return {
      topics: [topic],
      from: kafka({
        brokers: kafkaBrokers(),
        groupId: randomUUID(),
        log: httpLog({ url: bank.url, token }),
      }),
      append: published,
      remember: bank.remember,
      async close() {
        await close();
        await bank.close();
      },
    };
  });

  test("a record that cannot be read stops its account", { timeout: 30_000 }, async () => {
    const { topic, append, close } = await openTopic();
    const [maker, account] = [createEventMaker(), randomUUID()];
    await append(maker.next(account, 2));
    await sendRaw(topic, account, "no event at all");
    const stops: StoppedAccount[] = [];
    const subscription = subscribe({
      ...{ topics: [topic], store: memoryStore(), onEvent: () => undefined, logger: quiet },
      from: kafka({ brokers: kafkaBrokers(), groupId: randomUUID() }),
      onStopped: (stopped) => void stops.push(stopped),
    });
    await expect
      .poll(() => stops, WITHIN)
      .toMatchObject([{ accountId: account, version: 2, reason: "unreadable" }]);
    await expect(subscription.release(account)).rejects.toThrow(NoLogError);
    await subscription.stop();
    await close();
  });
});

async function openTopic() {
  const topic = `test.${randomUUID()}`;
  const brokers = kafkaBrokers();
  await ensureTopic(brokers, { topic, partitions: PARTITIONS, replication: 1 }, quiet);
  const publisher = createPublisher({ brokers, topic, partitions: PARTITIONS, logger: quiet });
  return {
    topic,
    async append(events: readonly Envelope[]) {
      for (let partition = 0; partition < PARTITIONS; partition += 1) {
        const own = events.filter(
          ({ streamId }) => partitionOf(streamId, PARTITIONS) === partition,
        );
        if (own.length > 0) await publisher.publish(partition, own.map(toRecord));
      }
    },
    close: () => publisher.close(),
  };
}

async function sendRaw(topic: string, key: string, value: string): Promise<void> {
  const client = new Kafka({ brokers: kafkaBrokers(), logLevel: logLevel.NOTHING });
  const producer = client.producer({ allowAutoTopicCreation: false });
  await producer.connect();
  const partition = partitionOf(key, PARTITIONS);
  await producer.send({ topic, messages: [{ key, value, partition }] });
  await producer.disconnect();
}

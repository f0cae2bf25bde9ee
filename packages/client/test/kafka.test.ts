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

  test("a record that cannot be read stops its account until the log says how it goes on", {
    timeout: 30_000,
  }, async () => {
    const [bank, { topic, append, close }] = [await openStubBank(), await openTopic()];
    const [maker, account] = [createEventMaker(), randomUUID()];
    const events = maker.next(account, 2);
    bank.append(events);
    await append(events);
    await sendRaw(topic, account, "no event at all");
    const stops: StoppedAccount[] = [];
    const token = passwordToken({ ...bank, email: "auditor@example.com" });
    const log = httpLog({ url: bank.url, token });
    const subscription = subscribe({
      ...{ topics: [topic], store: memoryStore(), onEvent: () => undefined, logger: quiet },
      from: kafka({ brokers: kafkaBrokers(), groupId: randomUUID(), log }),
      onStopped: (stopped) => void stops.push(stopped),
    });
    await expect
      .poll(() => stops, WITHIN)
      .toMatchObject([{ accountId: account, version: 2, reason: "unreadable" }]);
    expect(await subscription.release(account)).toBe(true);
    expect(await subscription.stopped()).toEqual([]);
    await append(maker.next(account, 1));
    await expect.poll(() => subscription.counts().applied, WITHIN).toBe(3);
    await subscription.stop();
    await close();
    await bank.close();
  });

  test("without the log nothing can be released", async () => {
    const { topic, close } = await openTopic();
    const subscription = subscribe({
      ...{ topics: [topic], store: memoryStore(), onEvent: () => undefined, logger: quiet },
      from: kafka({ brokers: kafkaBrokers(), groupId: randomUUID() }),
    });
    await expect(subscription.release(randomUUID())).rejects.toThrow(NoLogError);
    await subscription.stop();
    await close();
  });
});

async function openTopic() {
  const topic = `test.${randomUUID()}`;
  const brokers = kafkaBrokers();
  await ensureTopic({ brokers }, { topic, partitions: PARTITIONS, replication: 1 }, quiet);
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

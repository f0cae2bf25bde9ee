import { randomUUID } from "node:crypto";
import { describeWithKafka, kafkaBrokers } from "@countinghouse/testing";
import { ConfigResourceTypes } from "kafkajs";
import { afterEach, beforeEach, expect, test } from "vitest";
import {
  createPublisher,
  ensureTopic,
  PUBLISH_MAX,
  type Publisher,
  partitionOf,
  subscribeKafka,
  toRecord,
} from "../src/index.ts";
import { createEventMaker } from "./support/events.ts";
import { createHandler, quiet } from "./support/handler.ts";
import { freshName, freshTopic, withAdmin } from "./support/topic.ts";

const PARTITIONS = 3;

describeWithKafka("publishing", () => {
  let topic: string;
  let publisher: Publisher;
  const stream = randomUUID();
  const home = partitionOf(stream, PARTITIONS);

  const publisherOf = (name: string) => {
    return createPublisher({
      ...{ brokers: kafkaBrokers(), topic: name, partitions: PARTITIONS, logger: quiet },
    });
  };
  const ends = () => withAdmin((admin) => admin.fetchTopicOffsets(topic));

  beforeEach(async () => {
    topic = await freshTopic(PARTITIONS);
    publisher = publisherOf(topic);
  });
  afterEach(() => publisher.close());

  test("what is published is in its partition, in its order", async () => {
    const events = createEventMaker().next(stream, PUBLISH_MAX);
    await publisher.publish(home, events.map(toRecord));
    const high = (await ends()).find(({ partition }) => partition === home)?.high;
    expect(high).toBe(String(PUBLISH_MAX));
    const handler = createHandler();
    const subscription = subscribeKafka({
      ...{ brokers: kafkaBrokers(), groupId: randomUUID(), topic },
      ...{ store: handler, onBatch: handler.onBatch, logger: quiet },
    });
    subscription.run();
    await expect.poll(() => handler.events.length, { timeout: 15_000 }).toBe(PUBLISH_MAX);
    await subscription.stop();
    expect(handler.events).toEqual(events);
  });

  test.each([
    ["no event", 0, home],
    ["more than at once is good", PUBLISH_MAX + 1, home],
    ["an event into another's partition", 1, (home + 1) % PARTITIONS],
  ])("%s is refused before anything is sent", async (_, count, partition) => {
    const events = createEventMaker().next(stream, count);
    await expect(publisher.publish(partition, events.map(toRecord))).rejects.toThrow(RangeError);
    expect((await ends()).map(({ high }) => high)).toEqual(Array(PARTITIONS).fill("0"));
  });

  test("a second send while one is under way in its partition is refused", async () => {
    const maker = createEventMaker();
    const first = publisher.publish(home, maker.next(stream, 5).map(toRecord));
    await expect(publisher.publish(home, maker.next(stream, 1).map(toRecord))).rejects.toThrow(
      RangeError,
    );
    await first;
    expect((await ends()).find(({ partition }) => partition === home)?.high).toBe("5");
  });

  test("partitions are published to side by side", async () => {
    const maker = createEventMaker();
    const streams = Array.from({ length: PARTITIONS }, (_, partition) => {
      for (;;) {
        const id = randomUUID();
        if (partitionOf(id, PARTITIONS) === partition) return id;
      }
    });
    await Promise.all(
      streams.map((id, partition) => publisher.publish(partition, maker.next(id, 7).map(toRecord))),
    );
    expect((await ends()).map(({ high }) => high)).toEqual(Array(PARTITIONS).fill("7"));
  });

  test("a topic that is not there is no success, and one made later is", {
    timeout: 60_000,
  }, async () => {
    const name = freshName();
    const early = publisherOf(name);
    const events = createEventMaker().next(stream, 1);
    await expect(early.publish(home, events.map(toRecord))).rejects.toMatchObject({
      code: "not_published",
    });
    const spec = { topic: name, partitions: PARTITIONS, replication: 1 };
    await ensureTopic({ brokers: kafkaBrokers() }, spec, quiet);
    await early.publish(home, events.map(toRecord));
    await early.close();
  });

  test("a partition that is not there is no success", { timeout: 60_000 }, async () => {
    const id = randomUUID();
    const many = createPublisher({
      ...{ brokers: kafkaBrokers(), topic, partitions: 64, logger: quiet },
    });
    const far = Array.from({ length: 100 }, () => randomUUID()).find((one) => {
      return partitionOf(one, 64) >= PARTITIONS;
    });
    const events = createEventMaker()
      .next(far ?? id, 1)
      .map(toRecord);
    await expect(many.publish(partitionOf(far ?? id, 64), events)).rejects.toMatchObject({
      code: "not_published",
      retryable: true,
    });
    await many.close();
  });

  test("an event too large for the topic is final, and said so", async () => {
    const [event] = createEventMaker().next(stream, 1);
    const huge = { ...event, data: { reference: "x".repeat(2_000_000) } } as never;
    await expect(publisher.publish(home, [toRecord(huge)])).rejects.toMatchObject({
      code: "event_too_large",
      retryable: false,
    });
  });

  test("brokers that are not there are a failure to try again after", async () => {
    const nowhere = createPublisher({
      ...{ brokers: ["127.0.0.1:1"], topic, partitions: PARTITIONS, logger: quiet },
    });
    const events = createEventMaker().next(stream, 1);
    await expect(nowhere.publish(home, events.map(toRecord))).rejects.toMatchObject({
      retryable: true,
    });
    await nowhere.close();
  });
});

describeWithKafka("a topic", () => {
  test("is made to be kept for ever, and found as it should be afterwards", async () => {
    const spec = { topic: freshName(), partitions: 5, replication: 1 };
    await ensureTopic({ brokers: kafkaBrokers() }, spec, quiet);
    await ensureTopic({ brokers: kafkaBrokers() }, spec, quiet);
    const { topics } = await withAdmin((admin) =>
      admin.fetchTopicMetadata({ topics: [spec.topic] }),
    );
    expect(topics[0]?.partitions).toHaveLength(5);
    const { resources } = await withAdmin((admin) => {
      return admin.describeConfigs({
        includeSynonyms: false,
        resources: [{ type: ConfigResourceTypes.TOPIC, name: spec.topic }],
      });
    });
    const config = resources[0]?.configEntries.map((e) => [e.configName, e.configValue]);
    expect(Object.fromEntries(config ?? [])).toMatchObject({
      "cleanup.policy": "delete",
      "retention.ms": "-1",
      "retention.bytes": "-1",
    });
  });

  const ours = [
    { name: "cleanup.policy", value: "delete" },
    { name: "retention.ms", value: "-1" },
    { name: "retention.bytes", value: "-1" },
    { name: "min.insync.replicas", value: "1" },
    { name: "unclean.leader.election.enable", value: "false" },
  ];
  const but = (name: string, value: string) => {
    return ours.map((entry) => (entry.name === name ? { name, value } : entry));
  };

  test.each([
    ["has other partitions", 4, ours, "partitions is 4, not 3"],
    ["forgets", 3, but("retention.ms", "60000"), "retention.ms is 60000, not -1"],
    ["is compacted", 3, but("cleanup.policy", "compact"), "cleanup.policy is compact, not delete"],
    [
      "has its settings by luck only",
      3,
      ours.slice(1),
      "cleanup.policy is delete by the broker's default, not delete",
    ],
  ])("that %s is refused and left alone", async (_, numPartitions, configEntries, reason) => {
    const topic = freshName();
    await withAdmin((admin) => {
      return admin.createTopics({
        topics: [{ topic, numPartitions, replicationFactor: 1, configEntries }],
      });
    });
    const spec = { topic, partitions: 3, replication: 1 };
    for (let i = 0; i < 2; i += 1) {
      await expect(ensureTopic({ brokers: kafkaBrokers() }, spec, quiet)).rejects.toMatchObject({
        code: "topic_mismatch",
        message: `topic ${topic}: ${reason}`,
      });
    }
  });
});

import { randomUUID } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { describeWithKafka, kafkaBrokers } from "@countinghouse/testing";
import { Partitioners } from "kafkajs";
import { afterEach, beforeEach, expect, test } from "vitest";
import {
  createPublisher,
  type EventSubscription,
  type Publisher,
  partitionOf,
  subscribeKafka,
  toRecord,
} from "../src/index.ts";
import { createEventMaker, type EventMaker } from "./support/events.ts";
import { createHandler, quiet, type TestHandler, versionsByStream } from "./support/handler.ts";
import { type Bench, subscriptionContract } from "./support/subscription-contract.ts";
import { freshTopic, plainKafka, withAdmin } from "./support/topic.ts";

const PARTITIONS = 3;
const WITHIN = { timeout: 20_000, interval: 20 };

interface KafkaBench extends Bench {
  readonly topic: string;
}

async function openBench(): Promise<KafkaBench> {
  const topic = await freshTopic(PARTITIONS);
  const [brokers, groupId] = [kafkaBrokers(), `group-${randomUUID()}`];
  const publisher = createPublisher({ brokers, topic, partitions: PARTITIONS, logger: quiet });
  const maker = createEventMaker();
  return {
    topic,
    append: (streamId, count) => append(publisher, maker, streamId, count),
    subscribe: (handler) => {
      const { onBatch } = handler;
      return subscribeKafka({ brokers, groupId, topic, store: handler, onBatch, logger: quiet });
    },
    close: () => publisher.close(),
  };
}

async function append(publisher: Publisher, maker: EventMaker, streamId: string, count: number) {
  const events = maker.next(streamId, count);
  await publisher.publish(partitionOf(streamId, PARTITIONS), events.map(toRecord));
  return events;
}

describeWithKafka("a topic of Kafka", { timeout: 60_000 }, () => {
  subscriptionContract("a topic of Kafka", openBench);

  let bench: KafkaBench;
  const running: EventSubscription[] = [];

  beforeEach(async () => {
    bench = await openBench();
  });
  afterEach(async () => {
    for (const subscription of running.splice(0)) await subscription.stop();
    await bench.close();
  });

  function follow(handler: TestHandler): EventSubscription {
    const subscription = bench.subscribe(handler);
    running.push(subscription);
    subscription.run();
    return subscription;
  }

  const streamsOf = (count: number) => Array.from({ length: count }, () => randomUUID());

  test("a source is a partition, and its position the offset of the next record", async () => {
    for (const stream of streamsOf(30)) await bench.append(stream, 2);
    const handler = createHandler();
    follow(handler);
    await expect.poll(() => handler.events.length, WITHIN).toBe(60);
    const ends = await withAdmin((admin) => admin.fetchTopicOffsets(bench.topic));
    const expected = ends.map(({ partition, high }) => {
      return [`kafka:${bench.topic}:${partition}`, BigInt(high)] as const;
    });
    expect(handler.positions).toEqual(new Map(expected));
  });

  test("the group's offsets in Kafka are never written", async () => {
    await bench.append(randomUUID(), 2);
    const handler = createHandler();
    const subscription = follow(handler);
    await expect.poll(() => handler.events.length, WITHIN).toBe(2);
    await subscription.stop();
    const { groups } = await withAdmin((admin) => admin.listGroups());
    for (const { groupId } of groups.filter((group) => group.groupId.startsWith("group-"))) {
      const stored = await withAdmin((admin) => {
        return admin.fetchOffsets({ groupId, topics: [bench.topic] });
      });
      expect(stored.flatMap((topic) => topic.partitions.map(({ offset }) => offset))).toEqual(
        Array(PARTITIONS).fill("-1"),
      );
    }
  });

  test("a record that is no event is told and passed over, its neighbours arrive", async () => {
    const stream = randomUUID();
    const partition = partitionOf(stream, PARTITIONS);
    await bench.append(stream, 1);
    const producer = plainKafka().producer({ createPartitioner: Partitioners.DefaultPartitioner });
    await producer.connect();
    await producer.send({
      topic: bench.topic,
      messages: [{ key: stream, value: "not ours", partition }],
    });
    await producer.disconnect();
    await bench.append(stream, 1);
    const handler = createHandler();
    follow(handler);
    await expect.poll(() => handler.events.length, WITHIN).toBe(2);
    expect(handler.unreadable).toEqual([
      { offset: 1n, key: stream, reason: "another version of CloudEvents" },
    ]);
    expect(handler.positions.get(`kafka:${bench.topic}:${partition}`)).toBe(3n);
  });

  test("members that come and go share the topic without a gap and without a repeat", async () => {
    const streams = streamsOf(12);
    const positions = new Map<string, bigint>();
    const handlers = [createHandler(positions), createHandler(positions), createHandler(positions)];
    const total = () => handlers.flatMap(({ events }) => events);
    const [first, second, third] = handlers as [TestHandler, TestHandler, TestHandler];
    const round = async () => {
      for (const stream of streams) await bench.append(stream, 10);
    };
    follow(first);
    await round();
    await expect.poll(() => total().length, WITHIN).toBe(120);
    const leaving = follow(second);
    follow(third);
    await round();
    await expect.poll(() => total().length, WITHIN).toBe(240);
    await leaving.stop();
    await round();
    await expect.poll(() => total().length, WITHIN).toBe(360);
    await pause(500);
    const byPosition = total().sort((a, b) => a.position - b.position);
    for (const versions of versionsByStream(byPosition).values()) {
      expect(versions).toEqual(Array.from({ length: 30 }, (_, i) => i + 1));
    }
  });

  test("a handler slower than the group's patience keeps its partition", async () => {
    const handler = createHandler();
    handler.before = () => (handler.calls === 1 ? pause(12_000) : undefined);
    await bench.append(randomUUID(), 3);
    follow(handler);
    await expect.poll(() => handler.events.length, WITHIN).toBe(3);
    await pause(1_000);
    expect(handler.calls).toBe(1);
  });

  test("brokers that are not there are waited for, but not by who stops", async () => {
    const handler = createHandler();
    const subscription = subscribeKafka({
      ...{ brokers: ["127.0.0.1:1"], groupId: "nobody", topic: bench.topic },
      ...{ store: handler, onBatch: handler.onBatch, logger: quiet },
    });
    subscription.run();
    await pause(500);
    const begun = performance.now();
    await subscription.stop();
    expect(performance.now() - begun).toBeLessThan(4_000);
  });
});

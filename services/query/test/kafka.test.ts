import { randomUUID } from "node:crypto";
import {
  createPublisher,
  type EventSubscription,
  ensureTopic,
  type Publisher,
  partitionOf,
  toRecord,
} from "@countinghouse/bus";
import type { Envelope } from "@countinghouse/contracts";
import { createInnerSigner, createLogger, createServiceClient } from "@countinghouse/service-kit";
import { describeWithKafka, kafkaBrokers } from "@countinghouse/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { follow } from "../src/following.ts";
import { createPositionStore } from "../src/projector/store.ts";
import { differencesFromLog } from "./support/fold-of-log.ts";
import { type Projecting, projecting } from "./support/projecting.ts";

const PARTITIONS = 3;
const TIMEOUT_MS = 60_000;
const SEED = Buffer.alloc(32, 1).toString("base64url");
const logger = createLogger("query", { LOG_LEVEL: "silent" });

describeWithKafka("over Kafka", () => {
  const topic = `query-test-${randomUUID()}`;
  let world: Projecting;
  let publisher: Publisher;
  let subscription: EventSubscription;

  beforeAll(async () => {
    const brokers = kafkaBrokers();
    world = await projecting();
    await ensureTopic({ brokers }, { topic, partitions: PARTITIONS, replication: 1 }, logger);
    publisher = createPublisher({ brokers, topic, partitions: PARTITIONS, logger });
    subscription = subscribe();
  }, TIMEOUT_MS);
  afterAll(async () => {
    await subscription.stop();
    await publisher.close();
    await world.end();
  }, TIMEOUT_MS);

  function subscribe(): EventSubscription {
    const signer = createInnerSigner("query", SEED);
    const subscription = follow({
      relay: createServiceClient("http://127.0.0.1:9", "relay", signer),
      kafka: { brokers: kafkaBrokers(), topic, groupId: topic },
      store: createPositionStore(world.db),
      onBatch: (batch) => world.projector.apply(batch),
      onHeads: () => undefined,
      logger,
    });
    subscription.run();
    return subscription;
  }

  async function publish(events: readonly Envelope[]): Promise<void> {
    const partitions = Map.groupBy(events, ({ streamId }) => partitionOf(streamId, PARTITIONS));
    for (const [partition, some] of partitions) {
      await publisher.publish(partition, some.map(toRecord));
    }
  }

  const expectFold = () => {
    const differences = () => differencesFromLog(world.database.projector, world.log.events);
    return expect.poll(differences, { timeout: TIMEOUT_MS / 2, interval: 200 }).toEqual([]);
  };

  test(
    "the tables become a fold of the log, and a restart repeats nothing",
    async () => {
      const { log } = world;
      const accounts = Array.from({ length: 8 }, () => log.open());
      const [a = "", b = ""] = accounts;
      for (const account of accounts) log.deposit(account, "10.00");
      log.reverse(log.transfer(a, b, "4.00"), "sent twice");
      await publish(log.events);
      await expectFold();
      await subscription.stop();
      const before = log.events.length;
      for (const account of accounts) log.withdraw(account, "1.00");
      await publish(log.since(before));
      subscription = subscribe();
      await expectFold();
      expect(world.told.repeated).toBe(0);
    },
    TIMEOUT_MS,
  );

  test(
    "an event that the topic has lost is fetched from the log",
    async () => {
      const { log } = world;
      const id = log.open();
      const before = log.events.length;
      await publish(log.since(before - 1));
      log.deposit(id, "1.00");
      log.deposit(id, "2.00");
      await publish(log.since(before + 1));
      await expectFold();
      expect(log.reads).toBeGreaterThan(0);
    },
    TIMEOUT_MS,
  );
});

import { randomUUID } from "node:crypto";
import { ensureTopic } from "@countinghouse/bus";
import { ACCOUNT_EVENT_PARTITIONS, topicsOf } from "@countinghouse/contracts";
import {
  describeWithKafka,
  kafkaBrokers,
  type ServiceProcess,
  spawnService,
} from "@countinghouse/testing";
import { afterEach, beforeEach, expect, test } from "vitest";
import { start } from "../src/main.ts";
import { createLedger, type Ledger } from "./support/ledger.ts";
import { metric } from "./support/metrics.ts";
import { eventsIn, RELAY, type Relay, relayEnv, startRelay } from "./support/relay.ts";
import { readTopic, type TopicReader } from "./support/topic.ts";

const WITHIN = { timeout: 20_000, interval: 25 };
const upTo = (count: number) => Array.from({ length: count }, (_, i) => i + 1);

describeWithKafka("publishing the log", { timeout: 60_000 }, () => {
  let ledger: Ledger;
  let prefix: string;
  let topic: string;
  let reader: TopicReader;
  const opened: { close(): Promise<unknown> }[] = [];

  beforeEach(async () => {
    ledger = await createLedger();
    prefix = `test.${randomUUID()}`;
    topic = topicsOf(prefix).accountEvents;
    const spec = { topic, partitions: ACCOUNT_EVENT_PARTITIONS, replication: 1 };
    const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined };
    await ensureTopic({ brokers: kafkaBrokers() }, spec, quiet);
    reader = readTopic(kafkaBrokers(), topic);
  });
  afterEach(async () => {
    for (const service of opened.splice(0)) await service.close();
    await reader.stop();
    await ledger.close();
  });

  const env = () => {
    const KAFKA_BROKERS = kafkaBrokers().join(",");
    return { ...relayEnv(ledger.relayUrl), KAFKA_BROKERS, TOPIC_PREFIX: prefix };
  };
  async function relayHere(): Promise<Relay> {
    const relay = await startRelay(env());
    opened.push(relay);
    return relay;
  }
  async function relayProcess(): Promise<ServiceProcess> {
    const relay = await spawnService(RELAY, env());
    opened.push({ close: () => relay.end() });
    return relay;
  }
  async function accounts(count: number): Promise<string[]> {
    const ids: string[] = [];
    for (let i = 0; i < count; i += 1) ids.push(await ledger.open());
    return ids;
  }
  async function depositAll(ids: readonly string[], rounds: number, each: number): Promise<void> {
    for (let i = 0; i < rounds; i += 1) {
      for (const id of ids) await ledger.deposit(id, each);
    }
  }
  const complete = (count: number) => expect.poll(() => reader.distinct(), WITHIN).toBe(count);

  test("2,000 events of many accounts come to the topic as they are in the log", async () => {
    const relay = await relayHere();
    const ids = await accounts(20);
    await ledger.open(1, "transfer");
    await depositAll(ids, 33, 3);
    await complete(2_000);
    expect(reader.events).toHaveLength(2_000);
    for (const versions of reader.versions().values()) expect(versions).toEqual(upTo(100));
    const log = await eventsIn(await relay.read("limit=10000"));
    const byPosition = [...reader.events].sort((a, b) => a.position - b.position);
    expect(byPosition.map((event) => JSON.stringify(event))).toEqual(
      log.filter(({ streamId }) => ids.includes(streamId)).map((event) => JSON.stringify(event)),
    );
    await expect.poll(() => metric(relay, "relay_lag_events", 'ledger="1"'), WITHIN).toBe(0);
    expect(await metric(relay, "relay_lag_seconds", 'ledger="1"')).toBe(0);
    expect(await metric(relay, "relay_published_events_total")).toBe(2_000);
    expect((await fetch(`${relay.internalUrl}/readyz`)).status).toBe(200);
  });

  test("every ledger is published", async () => {
    await ledger.addLedger(4);
    await relayHere();
    const [one, four] = [await ledger.open(1), await ledger.open(4)];
    await ledger.deposit(one, 3);
    await ledger.deposit(four, 5);
    await complete(10);
    const ledgers = reader.events.map(({ meta }) => meta.ledger);
    expect(ledgers.filter((id) => id === 4)).toHaveLength(6);
  });

  test("a relay killed in the middle and started again leaves no gap", async () => {
    const first = await relayProcess();
    const ids = await accounts(10);
    const writing = depositAll(ids, 40, 10);
    await expect.poll(() => reader.distinct(), WITHIN).toBeGreaterThan(500);
    await first.kill();
    await relayProcess();
    await writing;
    await complete(4_010);
    for (const versions of reader.versions().values()) expect(versions).toEqual(upTo(401));
  });

  test("of two relays one publishes, and the other takes over within 5 s of a kill", async () => {
    const first = await relayProcess();
    const [account = ""] = await accounts(1);
    await complete(1);
    const second = await relayHere();
    await ledger.deposit(account, 100);
    await complete(101);
    expect(await metric(first, "relay_publisher_active")).toBe(1);
    expect(await metric(second, "relay_publisher_active")).toBe(0);
    expect(await metric(second, "relay_lag_events", 'ledger="1"')).toBe(0);
    await first.kill();
    const killedAt = performance.now();
    await ledger.deposit(account, 10);
    await complete(111);
    expect(performance.now() - killedAt).toBeLessThan(5_000);
    expect(reader.versions().get(account)).toEqual(upTo(111));
    expect(await metric(second, "relay_publisher_active")).toBe(1);
  });

  test("a relay that is told to end hands over without a repeat", async () => {
    const first = await relayProcess();
    const ids = await accounts(5);
    await relayHere();
    const writing = depositAll(ids, 100, 2);
    await expect.poll(() => reader.distinct(), WITHIN).toBeGreaterThan(100);
    expect(await first.end()).toBe(0);
    await writing;
    await complete(1_005);
    expect(reader.events).toHaveLength(1_005);
  });

  test("a topic that was lost is filled again from the beginning", async () => {
    const [account = ""] = await accounts(1);
    await ledger.deposit(account, 50);
    await ledger.owner.query(
      `INSERT INTO ledger.relay_cursors SELECT $1, 1, p, 40 FROM generate_series(0, 11) AS p`,
      [topic],
    );
    await relayHere();
    await complete(51);
    expect(reader.versions().get(account)).toEqual(upTo(51));
  });

  test("an empty partition that no account belongs into is not filled again", async () => {
    const first = await relayProcess();
    const [account = ""] = await accounts(1);
    await ledger.deposit(account, 20);
    await complete(21);
    await first.end();
    const positions = async () => {
      const { rows } = await ledger.owner.query(
        "SELECT position FROM ledger.relay_cursors WHERE topic = $1",
        [topic],
      );
      return rows.map(({ position }) => Number(position));
    };
    expect(await positions()).toEqual(Array(12).fill(21));
    const second = await relayHere();
    await expect.poll(() => metric(second, "relay_publisher_active"), WITHIN).toBe(1);
    expect(await positions()).toEqual(Array(12).fill(21));
    await ledger.deposit(account, 1);
    await complete(22);
    expect(reader.events).toHaveLength(22);
  });

  test("a topic that is another than wanted ends the start with one sentence", async () => {
    const other = `test.${randomUUID()}`;
    const spec = { topic: topicsOf(other).accountEvents, partitions: 3, replication: 1 };
    const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined };
    await ensureTopic({ brokers: kafkaBrokers() }, spec, quiet);
    await expect(start({ ...env(), TOPIC_PREFIX: other })).rejects.toMatchObject({
      code: "config_invalid",
      message: `relay cannot start: topic ${other}.account-events.v1: partitions is 3, not 12`,
    });
  });
});

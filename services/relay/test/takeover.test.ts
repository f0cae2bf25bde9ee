import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { topicsOf } from "@countinghouse/contracts";
import {
  describeWithKafka,
  kafkaBrokers,
  type ServiceProcess,
  spawnService,
} from "@countinghouse/testing";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createLedger, type Ledger } from "./support/ledger.ts";
import { metric } from "./support/metrics.ts";
import { RELAY, relayEnv } from "./support/relay.ts";
import { readTopic, type TopicReader } from "./support/topic.ts";

const AFTER_KILL_MS = 5_000;
const AFTER_PAUSE_MS = 15_000;
const WITHIN = { timeout: 30_000, interval: 20 };
const ACCOUNTS = 12;

describeWithKafka("two relay processes", { timeout: 90_000 }, () => {
  let ledger: Ledger;
  let reader: TopicReader;
  let relays: readonly [active: ServiceProcess, standby: ServiceProcess];
  let load: { stop(): Promise<number> };

  beforeEach(async () => {
    ledger = await createLedger();
    const prefix = `test.${randomUUID()}`;
    const KAFKA_BROKERS = kafkaBrokers().join(",");
    const env = { ...relayEnv(ledger.relayUrl), KAFKA_BROKERS, TOPIC_PREFIX: prefix };
    const active = await spawnService(RELAY, env);
    await expect.poll(() => isActive(active), WITHIN).toBe(1);
    relays = [active, await spawnService(RELAY, env)];
    reader = readTopic(kafkaBrokers(), topicsOf(prefix).accountEvents);
    load = await startLoad(ledger);
    await expect.poll(() => reader.distinct(), WITHIN).toBeGreaterThan(200);
  });
  afterEach(async () => {
    await load.stop();
    for (const relay of relays) relay.resume();
    await Promise.all(relays.map((relay) => relay.end()));
    await reader.stop();
    await ledger.close();
  });

  /** The time until an event that is written now is in the topic. */
  async function timeToPublish(): Promise<number> {
    const from = performance.now();
    const account = await ledger.open();
    const isThere = () => reader.events.some(({ streamId }) => streamId === account);
    await expect.poll(isThere, WITHIN).toBe(true);
    return performance.now() - from;
  }

  /** Every event came, and of each account first in the order of its versions. */
  async function expectComplete(): Promise<void> {
    const count = await load.stop();
    await expect.poll(() => reader.distinct(), WITHIN).toBeGreaterThanOrEqual(count);
    for (const versions of reader.versions().values()) {
      expect(versions).toEqual(versions.map((_, i) => i + 1));
    }
  }

  test("the second takes over within 5 s of a kill -9 of the first, under load", async () => {
    const [active, standby] = relays;
    await active.kill();
    expect(await timeToPublish()).toBeLessThan(AFTER_KILL_MS);
    expect(await isActive(standby)).toBe(1);
    await expectComplete();
  });

  test("it takes over within 15 s of a pause, and what was paused can only repeat", async () => {
    const [active, standby] = relays;
    active.pause();
    expect(await timeToPublish()).toBeLessThan(AFTER_PAUSE_MS);
    expect(await isActive(standby)).toBe(1);
    const cursorsBefore = await cursors();
    active.resume();
    await expect.poll(() => isActive(active), WITHIN).toBe(0);
    expect(await isActive(standby)).toBe(1);
    await timeToPublish();
    await expectComplete();
    const after = await cursors();
    for (const [partition, position] of cursorsBefore) {
      expect(after.get(partition)).toBeGreaterThanOrEqual(position);
    }
  });

  test("pauses in turn, shorter and longer than a lease, never leave a gap", async () => {
    for (const [i, ms] of [500, 4_500, 2_800, 4_500].entries()) {
      const relay = relays[i % 2] as ServiceProcess;
      relay.pause();
      await delay(ms);
      relay.resume();
    }
    await timeToPublish();
    await expectComplete();
  });

  async function cursors(): Promise<Map<number, number>> {
    const { rows } = await ledger.owner.query(
      "SELECT partition, position FROM ledger.relay_cursors WHERE ledger_id = 1",
    );
    return new Map(rows.map((row) => [row.partition, Number(row.position)]));
  }
});

function isActive(relay: ServiceProcess): Promise<number> {
  return metric(relay, "relay_publisher_active");
}

/** Writes to all accounts in turn until stopped; then tells how many events there are. */
async function startLoad(ledger: Ledger): Promise<{ stop(): Promise<number> }> {
  const accounts: string[] = [];
  for (let i = 0; i < ACCOUNTS; i += 1) accounts.push(await ledger.open());
  const state = { isOver: false, count: ACCOUNTS };
  const writing = (async () => {
    for (let i = 0; !state.isOver; i += 1) {
      await ledger.deposit(accounts[i % ACCOUNTS] ?? "", 5);
      state.count += 5;
    }
  })();
  return {
    async stop() {
      state.isOver = true;
      await writing;
      return state.count;
    },
  };
}

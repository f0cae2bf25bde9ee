import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { partitionOf } from "@countinghouse/bus";
import { ACCOUNT_EVENT_PARTITIONS, TOPICS } from "@countinghouse/contracts";
import {
  describeWithKafka,
  fetchJars,
  type LocalBroker,
  startLocalBroker,
} from "@countinghouse/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createLedger, type Ledger } from "./support/ledger.ts";
import { metric } from "./support/metrics.ts";
import { type Relay, relayEnv, startRelay } from "./support/relay.ts";
import { readTopic, type TopicReader } from "./support/topic.ts";

const WITHIN = { timeout: 60_000, interval: 50 };

describeWithKafka("an outage of the brokers", () => {
  let broker: LocalBroker;
  let ledger: Ledger;
  let relay: Relay;
  let reader: TopicReader;

  beforeAll(async () => {
    await fetchJars();
    broker = await startLocalBroker(join(mkdtempSync(join(tmpdir(), "relay-outage-")), "broker"));
    ledger = await createLedger();
    const env = { ...relayEnv(ledger.relayUrl), KAFKA_BROKERS: broker.brokers };
    relay = await startRelay(env);
    reader = readTopic([broker.brokers], TOPICS.accountEvents);
  });
  afterAll(async () => {
    await reader.stop();
    await relay.close();
    await ledger.close();
    await broker.stop();
  });

  const readiness = async () => (await fetch(`${relay.internalUrl}/readyz`)).status;

  test("is waited out: nothing is lost, HTTP goes on, and the rest follows", {
    timeout: 120_000,
  }, async () => {
    const accounts: string[] = [];
    for (let i = 0; i < 12; i += 1) accounts.push(await ledger.open());
    for (const account of accounts) await ledger.deposit(account, 100);
    await expect.poll(() => reader.distinct(), WITHIN).toBe(1_212);
    expect(await readiness()).toBe(200);

    await broker.kill();
    for (let i = 0; i < 8; i += 1) {
      for (const account of accounts) await ledger.deposit(account, 100);
    }
    await expect.poll(readiness, { timeout: 5_000, interval: 100 }).toBe(503);
    expect((await relay.read("limit=1")).status).toBe(200);
    expect(await metric(relay, "relay_lag_events", 'ledger="1"')).toBe(9_600);
    expect(await metric(relay, "relay_lag_seconds", 'ledger="1"')).toBeGreaterThan(0);
    const inUse = new Set(accounts.map((id) => partitionOf(id, ACCOUNT_EVENT_PARTITIONS))).size;
    expect(await metric(relay, "relay_queued_events")).toBeLessThanOrEqual(inUse * 1_000 + 2_000);

    await broker.start();
    await expect.poll(() => reader.distinct(), WITHIN).toBe(10_812);
    for (const versions of reader.versions().values()) {
      expect(versions).toEqual(Array.from({ length: 901 }, (_, i) => i + 1));
    }
    await expect.poll(() => metric(relay, "relay_lag_events", 'ledger="1"'), WITHIN).toBe(0);
    await expect.poll(readiness, WITHIN).toBe(200);
  });
});

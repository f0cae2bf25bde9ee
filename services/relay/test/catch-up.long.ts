import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { topicsOf } from "@countinghouse/contracts";
import {
  createDatabases,
  describeWithKafka,
  kafkaBrokers,
  spawnService,
} from "@countinghouse/testing";
import { type Admin, Kafka, logLevel } from "kafkajs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { fillLog } from "./support/fill.ts";
import { sendAlone } from "./support/kafkajs-alone.ts";
import { RELAY, relayEnv } from "./support/relay.ts";

/*
 * How fast a relay catches up: a log of transfers, one relay process, one broker, PostgreSQL, all
 * on this machine. `BENCH_EVENTS` sizes it; `BENCH_NODE_ARGS=--cpu-prof` goes to the relay.
 */
const EVENTS = Number(process.env.BENCH_EVENTS ?? 300_000);
const ACCOUNTS = 20_000;
const NODE_ARGS = process.env.BENCH_NODE_ARGS?.split(" ") ?? [];
/** The first part of a run is start and warm-up, and is not counted. */
const WARM_UP = 0.1;
const POLL_MS = 20;
/** On two cores shared by broker, database and relay. */
const FLOOR_EVENTS_PER_SECOND = 20_000;

describeWithKafka("catching up", () => {
  let databases: Awaited<ReturnType<typeof createDatabases>>;
  let admin: Admin;

  beforeAll(async () => {
    databases = await createDatabases();
    await fillLog(databases.urlOf("ledger", "countinghouse_command"), ACCOUNTS, EVENTS);
    const brokers = kafkaBrokers();
    admin = new Kafka({ brokers, clientId: "bench", logLevel: logLevel.NOTHING }).admin();
    await admin.connect();
  });
  afterAll(async () => {
    await admin.disconnect();
    await databases.drop();
  });

  async function countIn(topic: string): Promise<number> {
    const ends = await admin.fetchTopicOffsets(topic).catch(() => []);
    return ends.reduce((sum, { high }) => sum + Number(high), 0);
  }

  /** Events a second between the end of the warm-up and the last event. */
  async function rateOf(topic: string, look: () => void = () => undefined): Promise<number> {
    let from: { at: number; count: number } | undefined;
    for (;;) {
      const [count, at] = [await countIn(topic), performance.now()];
      look();
      if (count >= EVENTS) return ((count - (from?.count ?? 0)) / (at - (from?.at ?? 0))) * 1_000;
      if (from === undefined && count >= EVENTS * WARM_UP) from = { at, count };
      await pause(POLL_MS);
    }
  }

  test(`a relay publishes at least ${FLOOR_EVENTS_PER_SECOND} events a second`, async () => {
    const prefix = `bench.${randomUUID()}`;
    const topic = topicsOf(prefix).accountEvents;
    const relayUrl = databases.urlOf("ledger", "countinghouse_relay");
    const brokers = kafkaBrokers();
    const env = { ...relayEnv(relayUrl), KAFKA_BROKERS: brokers.join(","), TOPIC_PREFIX: prefix };
    const relay = await spawnService(RELAY, env, NODE_ARGS);
    let megabytes = 0;
    const look = () => {
      megabytes = Math.max(megabytes, residentOf(relay.pid));
    };
    const rate = await rateOf(topic, look);
    const cpu = cpuSecondsOf(relay.pid);
    await relay.end();
    const alone = `bench.${randomUUID()}`;
    const aloneRate = await sendAlone(brokers, alone, databases.ownerUrl("ledger"));
    process.stdout.write(
      `relay ${Math.round(rate)} events/s (${((cpu / EVENTS) * 1e6).toFixed(1)} µs CPU each, ` +
        `${megabytes} MB); kafkajs alone ${Math.round(aloneRate)} events/s; ` +
        `ratio ${(rate / aloneRate).toFixed(2)}\n`,
    );
    expect(await countIn(topic)).toBe(EVENTS);
    expect(rate).toBeGreaterThan(FLOOR_EVENTS_PER_SECOND);
  });
});

function residentOf(pid: number): number {
  const [, kilobytes] = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
  return Math.round(Number(kilobytes) / 1024);
}

/** User and system time, in ticks of 10 ms. */
function cpuSecondsOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

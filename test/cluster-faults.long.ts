import { setTimeout as delay } from "node:timers/promises";
import { createRandom, describeWithKafka } from "@countinghouse/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { expectNothingLost } from "./support/after-faults.ts";
import { type FaultedBank, openFaultedBank, pauseProcess } from "./support/faulted-bank.ts";
import { kill } from "./support/start.ts";
import { type SteadyLoad, startLoad } from "./support/steady-load.ts";

/*
 * As many faults as there is time for, in an order by chance, and an outage of minutes. The seed is
 * printed; `FAULTS` and `FAULT_SEED` repeat a run.
 */
const FAULTS = Number(process.env.FAULTS ?? 24);
const SEED = Number(process.env.FAULT_SEED ?? Date.now() % 1_000_000);
const OUTAGE_MS = 90_000;
const MINUTE_MS = 60_000;

describeWithKafka("three brokers, two relays and a load", () => {
  let faulted: FaultedBank | undefined;
  let load: SteadyLoad | undefined;

  beforeAll(async () => {
    faulted = await openFaultedBank();
    load = await startLoad(faulted.bank.url);
  });
  afterAll(async () => {
    await load?.stop();
    await faulted?.close();
  });

  test(`nothing is lost by ${FAULTS} faults and an outage of ${OUTAGE_MS / 1_000} s`, async () => {
    if (faulted === undefined || load === undefined) throw new Error("nothing runs");
    const { cluster } = faulted;
    const faults = faultsOf(faulted);
    const names = Object.keys(faults);
    const random = createRandom(SEED);
    process.stdout.write(`FAULT_SEED=${SEED}\n`);
    for (let i = 0; i < FAULTS; i += 1) {
      const name = names[Math.floor(random() * names.length)] ?? "";
      const before = load.acknowledged.length;
      await faults[name]?.(500 + random() * 5_000);
      process.stdout.write(`${name}: ${load.acknowledged.length - before} transfers meanwhile\n`);
      await delay(random() * 2_000);
    }
    await Promise.all(cluster.nodes.map((node) => node.kill()));
    await delay(OUTAGE_MS);
    await Promise.all(cluster.nodes.map((node) => node.start()));
    await load.stop();
    expect(load.failures).toEqual([]);
    process.stdout.write(`${await expectNothingLost(faulted, load, 2 * MINUTE_MS)}\n`);
  });
});

type Fault = (ms: number) => Promise<void>;

function faultsOf({ cluster, killLeader, pidOf, secondRelay }: FaultedBank): Record<string, Fault> {
  const nodeAt = (ms: number) => cluster.nodes[Math.floor(ms) % cluster.nodes.length];
  return {
    async "kill -9 of a leader"(ms) {
      const bringBack = await killLeader();
      await delay(ms);
      await bringBack();
    },
    async "an orderly restart of a broker"(ms) {
      await nodeAt(ms)?.end();
      await delay(ms / 2);
      await nodeAt(ms)?.start();
    },
    async "a pause of a broker"(ms) {
      nodeAt(ms)?.pause();
      await delay(2 * ms);
      nodeAt(ms)?.resume();
    },
    async "kill -9 of the bank's relay"() {
      kill(pidOf("relay"));
    },
    async "kill -9 of the other relay"(ms) {
      kill(secondRelay.pid());
      await delay(ms);
      secondRelay.start();
    },
    "a pause of the bank's relay": (ms) => pauseProcess(pidOf("relay"), ms),
    "a pause of the other relay": (ms) => pauseProcess(secondRelay.pid(), ms),
    async "kill -9 of a consumer"() {
      kill(pidOf("query"));
    },
    "a pause of a consumer": (ms) => pauseProcess(pidOf("query"), 2 * ms),
    async "a full stop of Kafka"(ms) {
      await Promise.all(cluster.nodes.map((node) => node.kill()));
      await delay(ms);
      await Promise.all(cluster.nodes.map((node) => node.start()));
    },
  };
}

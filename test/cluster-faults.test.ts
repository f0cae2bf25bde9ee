import { setTimeout as delay } from "node:timers/promises";
import { describeWithKafka } from "@countinghouse/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { expectNothingLost } from "./support/after-faults.ts";
import { type FaultedBank, openFaultedBank, pauseProcess } from "./support/faulted-bank.ts";
import { kill } from "./support/start.ts";
import { type SteadyLoad, startLoad } from "./support/steady-load.ts";

const MINUTE_MS = 60_000;
/** Longer than a broker's session, so leaders move, and longer than a lease. */
const PAUSE_MS = 4_000;
const OUTAGE_MS = 3_000;

describeWithKafka("three brokers, two relays and a load", () => {
  let faulted: FaultedBank | undefined;
  let load: SteadyLoad | undefined;

  beforeAll(async () => {
    faulted = await openFaultedBank();
    load = await startLoad(faulted.bank.url);
  }, 2 * MINUTE_MS);
  afterAll(async () => {
    await load?.stop();
    await faulted?.close();
  }, MINUTE_MS);

  test("no event is lost whatever is killed, paused or stopped", {
    timeout: 6 * MINUTE_MS,
  }, async () => {
    if (faulted === undefined || load === undefined) throw new Error("nothing runs");
    const { cluster, pidOf, secondRelay } = faulted;
    const [, second, third] = cluster.nodes;

    const bringBack = await faulted.killLeader();
    await delay(500);
    kill(pidOf("relay"));
    kill(pidOf("query"));
    await delay(PAUSE_MS);
    await bringBack();

    second?.pause();
    await pauseProcess(secondRelay.pid(), PAUSE_MS);
    second?.resume();

    await Promise.all(cluster.nodes.map((node) => node.kill()));
    await delay(OUTAGE_MS);
    await Promise.all(cluster.nodes.map((node) => node.start()));
    kill(pidOf("relay"));
    await third?.end();
    await third?.start();

    await load.stop();
    expect(load.failures).toEqual([]);
    const outcome = await expectNothingLost(faulted, load, MINUTE_MS);
    process.stdout.write(`${outcome}\n`);
  });
});

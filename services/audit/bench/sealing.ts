// How many events a second the running service seals: node services/audit/bench/sealing.ts [events]
import { setTimeout as delay } from "node:timers/promises";
import { openWorld, writeLog } from "@countinghouse/testing/world";
import { metricOf, startAudit, startRelay } from "./processes.ts";

const PAIRS = 10_000;
const POLL_MS = 20;

const wanted = Number(process.argv[2] ?? 2_000_000);
const world = await openWorld();
try {
  const events = await writeLog(world, { pairs: PAIRS, rounds: Math.ceil(wanted / (2 * PAIRS)) });
  process.stdout.write(`${events} events are in the log\n`);
  const relay = await startRelay(world);
  const began = performance.now();
  const audit = await startAudit(world, relay);
  const ready = performance.now();
  for (;;) {
    if ((await metricOf(audit, "audit_published_size")) >= events) break;
    await delay(POLL_MS);
  }
  const seconds = (performance.now() - ready) / 1000;
  process.stdout.write(`started in ${((ready - began) / 1000).toFixed(1)} s; `);
  process.stdout.write(`${events} events sealed in ${seconds.toFixed(1)} s: `);
  process.stdout.write(`${Math.round(events / seconds)} events/s\n`);
  await audit.end();
  await relay.end();
} finally {
  await world.close();
}

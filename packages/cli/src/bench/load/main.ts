import { createHistogram } from "node:perf_hooks";
import { setTimeout as delay } from "node:timers/promises";
import { createClient } from "./client.ts";
import type { FromGenerator, LoadPlan, LoadResult } from "./plan.ts";
import { createRequestBytes } from "./request.ts";

/** Of every so many successes, the body of one is looked at. */
const SAMPLE_EVERY = 1_000;
const [P50, P99, P999] = [50, 99, 99.9];
const MICROS_PER_MS = 1_000;

/**
 * The load generator, a process of its own: what it costs is measured apart. Told a plan by its
 * parent, it answers when it begins to measure, when it ends to, and with the result.
 */
process.on("message", async (plan: LoadPlan) => {
  tell({ kind: "done", result: await run(plan) });
});

process.once("disconnect", () => process.exit(0));

function tell(message: FromGenerator): void {
  process.send?.(message);
}

async function run(plan: LoadPlan): Promise<LoadResult> {
  const micros = createHistogram({ lowest: 1, highest: 120_000_000, figures: 3 });
  const statuses: Record<string, number> = {};
  let [acknowledged, broken, wrongBodies] = [0, 0, 0];
  let [isOver, isMeasured] = [false, false];

  function onAnswer(status: number, startedAt: number, text: string): void {
    if (status === 0) broken += 1;
    if (status === 200 || status === 201) {
      if (acknowledged % SAMPLE_EVERY === 0 && !looksRight(text)) wrongBodies += 1;
      acknowledged += 1;
    }
    if (!isMeasured) return;
    statuses[status] = (statuses[status] ?? 0) + 1;
    micros.record(Math.max(1, Math.round((performance.now() - startedAt) * MICROS_PER_MS)));
  }

  const clients = Array.from({ length: plan.clients }, (_, i) => {
    const payer = plan.payers[i % plan.payers.length];
    if (payer === undefined) throw new RangeError("a load needs payers");
    const requests = createRequestBytes(plan, payer, i);
    const port = plan.ports[i % plan.ports.length] ?? 0;
    return createClient(port, requests, paceOf(plan, i), () => isOver, onAnswer);
  });
  await delay(plan.warmUpMs);
  tell({ kind: "measuring" });
  const [cpu, startedAt] = [process.cpuUsage(), performance.now()];
  isMeasured = true;
  await delay(plan.runMs);
  isMeasured = false;
  const { user, system } = process.cpuUsage(cpu);
  const seconds = (performance.now() - startedAt) / 1_000;
  tell({ kind: "measured" });
  isOver = true;
  await Promise.all(clients);
  const at = (percent: number) => micros.percentile(percent) / MICROS_PER_MS;
  return {
    ...{ statuses, acknowledged, seconds, wrongBodies },
    isComplete: broken === 0,
    ...{ p50: at(P50), p99: at(P99), p999: at(P999) },
    cpuSeconds: (user + system) / 1e6,
  };
}

/** How long a client waits before its next request, so that all together keep to the rate. */
function paceOf({ clients, ratePerSecond }: LoadPlan, client: number): () => number {
  if (ratePerSecond === undefined) return () => 0;
  const everyMs = (clients * 1_000) / ratePerSecond;
  // One that is late sends at once, until it has caught up.
  let nextAt = performance.now() + (client / clients) * everyMs;
  return () => {
    const waitMs = nextAt - performance.now();
    nextAt += everyMs;
    return Math.max(0, waitMs);
  };
}

function looksRight(answer: string): boolean {
  const body = answer.slice(answer.indexOf("\r\n\r\n") + 4);
  return /^\{"(transferId|results)":/.test(body);
}

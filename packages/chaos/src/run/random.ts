import { setTimeout as delay } from "node:timers/promises";
import { createProgress } from "@countinghouse/cli";
import { createRandom } from "@countinghouse/testing/random";
import { Findings } from "../checks/findings.ts";
import type { Fault } from "../faults/fault.ts";
import { possible } from "../faults/index.ts";
import { type RunOptions, sessionOf, thereIs } from "./run-all.ts";
import { breakAndMend, type Result, rest } from "./run-fault.ts";
import { showViolations } from "./show.ts";

const MS_PER_MINUTE = 60_000;
/** Between two faults, and how long each lasts: of what it takes when it runs alone. */
const [REST_MOST_MS, SHORTEST, LONGEST] = [3_000, 0.4, 1.2];
/** No fault of a schedule lasts longer. */
const HOLD_MAX_MS = 30_000;
/** All is checked after so many faults, and at the end. */
const CHECK_EVERY = 10;

/** One step of a schedule: what breaks, for how long, and the rest before it. */
export interface Step {
  readonly fault: Fault;
  readonly holdMs: number;
  readonly restMs: number;
  /** Of what the fault itself chooses. */
  readonly seed: number;
}

/** The schedule of a seed: the same one, step by step, as long as one looks. */
export function* scheduleOf(seed: number, faults: readonly Fault[]): Generator<Step> {
  const random = createRandom(seed);
  for (;;) {
    const fault = faults[Math.floor(random() * faults.length)];
    if (fault === undefined) return;
    const part = SHORTEST + random() * (LONGEST - SHORTEST);
    const holdMs = Math.min(HOLD_MAX_MS, Math.round(fault.holdMs * part));
    const [restMs, own] = [Math.round(random() * REST_MOST_MS), Math.floor(random() * 2 ** 31)];
    yield { fault, holdMs, restMs, seed: own };
  }
}

/** Breaks the bank in ways that a seed chooses, for so many minutes, under one load. */
export async function runRandom(minutes: number, options: RunOptions): Promise<Result[]> {
  const { seed, out } = options;
  const steps = scheduleOf(seed, possible(thereIs(options)));
  const endMs = Date.now() + minutes * MS_PER_MINUTE;
  const progress = createProgress(out, minutes);
  progress.start(`faults of seed ${seed}`);
  const session = await sessionOf(options, createRandom(seed)).catch((error: unknown) => {
    progress.end();
    throw error;
  });
  const results: Result[] = [];
  const round = async (steps: readonly Step[]) => {
    const found = new Findings();
    session.load.begin();
    for (const step of steps) {
      const left = (endMs - Date.now()) / MS_PER_MINUTE;
      progress.at(Math.min(minutes, minutes - left));
      results.push(await runStep(session, step, found));
      if (Date.now() > endMs) break;
    }
    const outcome = await rest(session, found);
    const last = results.at(-1);
    if (last !== undefined)
      results[results.length - 1] = { ...last, ...outcome, violations: found.all };
    if (found.all.length > 0) out.write(`\n${showViolations(found.all)}\n`);
  };
  try {
    while (Date.now() < endMs) {
      await round(Array.from({ length: CHECK_EVERY }, () => steps.next().value as Step));
    }
    return results;
  } finally {
    progress.end();
    await session.close();
  }
}

async function runStep(
  session: Awaited<ReturnType<typeof sessionOf>>,
  { fault, holdMs, restMs, seed }: Step,
  found: Findings,
): Promise<Result> {
  const before = session.load.seen.acknowledged;
  await delay(restMs);
  const came = await breakAndMend(session, fault, holdMs, createRandom(seed), found);
  return {
    ...{ fault: fault.name, what: fault.what, ...came, lost: 0, doubled: 0, violations: [] },
    acknowledged: session.load.seen.acknowledged - before,
  };
}

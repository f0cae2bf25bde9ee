import { PassThrough } from "node:stream";
import { expect, test } from "vitest";
import type { Invariant } from "../src/checks/findings.ts";
import type { Fault } from "../src/faults/fault.ts";
import { FAULTS } from "../src/faults/index.ts";
import { runAll } from "../src/run/run-all.ts";

const TIMEOUT_MS = 240_000;
/** Repeats a run that failed. */
const SEED = Number(process.env.CHAOS_SEED ?? 20_261_124);

/** What is asked of a machine that does nothing else beside; here other tests run. */
const IN_TIME: readonly Invariant[] = ["recovery", "quiet", "degradation"];

function short(name: string): Fault {
  const fault = FAULTS.find((one) => one.name === name);
  if (fault === undefined) throw new Error(`there is no fault ${name}`);
  return { ...fault, holdMs: 1_500 };
}

test(
  `nothing is lost or doubled by a kill and by lost answers (CHAOS_SEED=${SEED})`,
  async () => {
    const faults = ["kill-command", "postgres-loses-commits"].map(short);
    const out = new PassThrough().resume() as unknown as NodeJS.WriteStream;
    const options = {
      seed: SEED,
      clients: 12,
      withKafka: false,
      withTwins: false,
      isVerbose: false,
      out,
    };
    const results = await runAll(faults, options);
    for (const { lost, doubled, violations } of results) {
      const wrong = violations.filter(({ invariant }) => !IN_TIME.includes(invariant));
      expect({ lost, doubled, wrong }).toEqual({ lost: 0, doubled: 0, wrong: [] });
    }
    for (const { acknowledged } of results) expect(acknowledged).toBeGreaterThan(0);
  },
  TIMEOUT_MS,
);

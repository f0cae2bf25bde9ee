import { expect, test } from "vitest";
import { runRandom } from "../src/run/random.ts";
import { showResults } from "../src/run/show.ts";

/** How long faults go on, and which: the same seed chooses the same. */
const MINUTES = Number(process.env.CHAOS_MINUTES ?? 3);
const SEED = Number(process.env.CHAOS_SEED ?? 20_261_124);
const MS_PER_MINUTE = 60_000;

test(`${MINUTES} minutes of faults end with nothing wrong (CHAOS_SEED=${SEED})`, {
  timeout: (MINUTES + 5) * MS_PER_MINUTE,
}, async () => {
  const shape = { withKafka: true, withTwins: true, isVerbose: false };
  const results = await runRandom(MINUTES, {
    ...{ ...shape, seed: SEED, clients: 12, out: process.stderr },
  });
  process.stdout.write(`${showResults(results)}\n`);
  expect(results.flatMap(({ violations }) => violations)).toEqual([]);
  expect(results.length).toBeGreaterThan(MINUTES);
});

import { createProgress, type Progress } from "@countinghouse/cli";
import { createRandom } from "@countinghouse/testing/random";
import type { Fault, Need } from "../faults/fault.ts";
import { canMakeDisks } from "../system/disk.ts";
import { type Result, runFault } from "./run-fault.ts";
import { openSession, type Session } from "./session.ts";
import { showViolations } from "./show.ts";

/** What a run is told. */
export interface RunOptions {
  readonly seed: number;
  /** Requests under way at once. */
  readonly clients: number;
  readonly withKafka: boolean;
  readonly withTwins: boolean;
  readonly isVerbose: boolean;
  readonly out: NodeJS.WriteStream;
}

/** What faults can ask for, given these options and this machine. */
export function thereIs({ withKafka, withTwins }: RunOptions): ReadonlySet<Need> {
  const all: [Need, boolean][] = [
    ["kafka", withKafka],
    ["twins", withTwins],
    ["disks", canMakeDisks],
  ];
  return new Set(all.filter(([, isThere]) => isThere).map(([need]) => need));
}

/** Says in single lines what happens, where that is asked for. */
function sayerOf({ isVerbose, out }: RunOptions): (line: string) => void {
  return (line) => void (isVerbose && out.write(`\n${line}\n`));
}

/** Opens a session as the options say, with what its processes do said in single lines. */
export function sessionOf(options: RunOptions, random: () => number): Promise<Session> {
  const { withKafka, withTwins, clients } = options;
  const say = sayerOf(options);
  return openSession({ withKafka, random, say, shape: { twins: withTwins } }, clients);
}

/** Runs faults one after another on one bank, each with all checks after it. */
export async function runAll(faults: readonly Fault[], options: RunOptions): Promise<Result[]> {
  const { seed, out } = options;
  const random = createRandom(seed);
  const say = sayerOf(options);
  const progress: Progress = createProgress(out, faults.length + 1);
  const results: Result[] = [];
  let session: Session | undefined;
  try {
    progress.start("the bank starts");
    session = await sessionOf(options, random);
    for (const fault of faults) {
      progress.start(fault.name);
      const result = await runFault(session, fault, random).catch((error: Error) => {
        return brokenOff(fault, error);
      });
      results.push(result);
      const { recoveryMs, waitedFor = "nothing" } = result;
      say(`${fault.name}: back in ${(recoveryMs / 1_000).toFixed(1)} s, last came ${waitedFor}`);
      if (result.violations.length > 0) {
        out.write(`\n${fault.name}\n${showViolations(result.violations)}\n`);
      }
      if (Number.isNaN(result.recoveryMs)) break;
    }
    return results;
  } finally {
    progress.end();
    await session?.close();
  }
}

/** Of a fault that could not be made, mended or checked: what came before it still counts. */
function brokenOff({ name, what }: Fault, { message }: Error): Result {
  const said = `the run broke off: ${message}`;
  return {
    ...{ fault: name, what, perSecond: 0, acknowledged: 0, lost: 0, doubled: 0 },
    ...{ recoveryMs: Number.NaN, waitedFor: undefined },
    violations: [{ invariant: "recovery", what: said }],
  };
}

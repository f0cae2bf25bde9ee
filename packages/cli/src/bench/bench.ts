import type { Settings } from "../settings.ts";
import { createDisk } from "./disk.ts";
import { checkInvariants, countEvents } from "./invariants.ts";
import { startGenerator } from "./load/generator.ts";
import { type Ground, measure, type Sample, startFloor } from "./measure.ts";
import { bulk, compared, type Measurement, measurements } from "./plan.ts";
import { createProbe, untilLevel } from "./probe.ts";
import { createProgress, type Progress } from "./progress.ts";
import { type Report, reportOf } from "./report.ts";
import { type BenchSystem, doorsOf, startForBench, useRunning } from "./system.ts";
import { createWorld } from "./world.ts";
import { createYardstick } from "./yardstick.ts";

/** What a benchmark is told on the command line. */
export interface BenchOptions {
  readonly settings: Settings;
  readonly out: NodeJS.WriteStream;
  readonly signal: AbortSignal;
  /** Use the system that runs instead of starting one. */
  readonly isRunning: boolean;
  readonly accounts: number;
  /** Of one measurement. */
  readonly seconds: number;
  /** How often those are measured that ratios are taken of. */
  readonly rounds: number;
  /** Events to fill the log with before the last measurement; 0 for none. */
  readonly history: number;
  /** Minutes of steady load at the end, with the memory watched; 0 for none. */
  readonly soak: number;
  /** A text in the names of those to measure; empty for all. */
  readonly only: string;
  /** Where each service of a system that is started here writes its processor profile. */
  readonly profile: string | undefined;
}

/** Seconds of one load while the log is filled and of a steady load: tokens live for 60. */
const SLICE_SECONDS = 20;
const SECONDS_PER_MINUTE = 60;
/** Events that are surely not written in less than a second. */
const FILLED_A_SECOND = 20_000;

/** Runs a benchmark and gives what it came to. Ends everything it started. */
export async function bench(options: BenchOptions): Promise<Report> {
  const { settings, out, signal, isRunning, profile } = options;
  const system = isRunning
    ? useRunning(settings)
    : await startForBench(settings, out, signal, profile);
  try {
    return await benchOn(system, options);
  } finally {
    await system.stop();
  }
}

async function benchOn(system: BenchSystem, options: BenchOptions): Promise<Report> {
  const { accounts, seconds, rounds, history, soak } = options;
  const { adminUrl, secretKey } = system.server;
  const queue = queueOf(options);
  const slices = Math.ceil((soak * SECONDS_PER_MINUTE) / SLICE_SECONDS);
  const progress = createProgress(options.out, queue.length + slices + (history > 0 ? 2 : 0) + 3);
  progress.start(`opening ${accounts} accounts`);
  const world = await createWorld(doorsOf(system), accounts, progress.at);
  progress.start("filling pgbench's tables");
  const [disk, yardstick] = [await createDisk(adminUrl), await createYardstick(adminUrl)];
  const [generator, floor] = [startGenerator(), await startFloor(secretKey)];
  const tally = { acknowledged: 0, isComplete: true };
  const ground: Ground = { system, world, generator, floor, disk, yardstick, seconds, tally };
  try {
    const before = await countEvents(system.ledgerUrl, "TransferSent");
    const samples = await measureAll(queue, ground, options, progress);
    const aged = history > 0 ? await afterHistory(ground, history, progress) : undefined;
    const memory = await soaked(ground, slices, progress);
    progress.start("checking the invariants");
    const invariants = await checkInvariants(system.ledgerUrl, before, tally);
    return reportOf({ seconds, rounds, accounts, samples, aged, memory, invariants });
  } finally {
    progress.end();
    generator.stop();
    floor.stop();
    await disk.drop();
    await yardstick?.drop();
  }
}

/** Everything to measure, in its order; what is compared comes once a round. */
function queueOf({ rounds, only }: BenchOptions): Measurement[] {
  const chosen = measurements().filter(({ name }) => name.includes(only));
  const repeated = chosen.filter(({ isRepeated }) => isRepeated);
  const once = chosen.filter(({ isRepeated }) => !isRepeated);
  return [...Array.from({ length: rounds }, () => repeated).flat(), ...once];
}

export type Samples = ReadonlyMap<Measurement, readonly Sample[]>;

async function measureAll(
  queue: readonly Measurement[],
  ground: Ground,
  { signal }: BenchOptions,
  progress: Progress,
): Promise<Samples> {
  const { system } = ground;
  const samples = new Map<Measurement, Sample[]>();
  for (const what of queue) {
    signal.throwIfAborted();
    progress.start(what.name);
    await system.setAudit(what.withAudit);
    await system.setReadSide(what.withReadSide);
    if (what.withReadSide) await untilLevel(await createProbe(doorsOf(system)));
    if (system.moreCommands.length + 1 < what.instances) await system.addCommand();
    // A running system has as many as it has.
    if (system.moreCommands.length + 1 < what.instances) continue;
    const sample = await measure(what, ground);
    if (sample !== undefined) samples.set(what, [...(samples.get(what) ?? []), sample]);
  }
  return samples;
}

/** What is compared, once more after the log has grown to so many events. */
async function afterHistory(ground: Ground, events: number, progress: Progress): Promise<Sample> {
  await ground.system.setAudit(false);
  await ground.system.setReadSide(false);
  progress.start(`filling the log with ${events} events`);
  const url = ground.system.ledgerUrl;
  for (let count = 0; count < events; count = await countEvents(url)) {
    progress.at(count / events);
    const seconds = Math.min(SLICE_SECONDS, Math.ceil((events - count) / FILLED_A_SECOND));
    await measure(bulk(), { ...ground, seconds });
  }
  progress.start(`${compared().name} after ${events} events`);
  return (await measure(compared(), ground)) as Sample;
}

/** The memory of the command service after every slice of a steady load, in MiB. */
async function soaked(ground: Ground, slices: number, progress: Progress): Promise<number[]> {
  const memory: number[] = [];
  for (let slice = 0; slice < slices; slice += 1) {
    progress.start(`steady load, ${slice + 1} of ${slices}`);
    const sample = await measure(compared(), { ...ground, seconds: SLICE_SECONDS });
    memory.push(sample?.commandMib ?? 0);
  }
  return memory;
}

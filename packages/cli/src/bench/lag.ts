import type { Settings } from "../settings.ts";
import { checkInvariants, countEvents, type Invariant } from "./invariants.ts";
import { startGenerator } from "./load/generator.ts";
import { type LoadGround, measureLoad } from "./measure.ts";
import { compared } from "./plan.ts";
import { createProbe, untilLevel } from "./probe.ts";
import { createProgress } from "./progress.ts";
import { type BenchSystem, doorsOf, startForBench } from "./system.ts";
import { createWorld } from "./world.ts";

export interface LagOptions {
  readonly settings: Settings;
  readonly out: NodeJS.WriteStream;
  readonly signal: AbortSignal;
  readonly accounts: number;
  /** Of each of the two loads. */
  readonly seconds: number;
}

/** How long it took from acknowledgements until queries showed what was acknowledged. */
export interface LagReport {
  readonly over: "Kafka" | "HTTP";
  /** Transfers a second: the most that was reached, and what was asked for and reached then. */
  readonly most: number;
  readonly asked: number;
  readonly reached: number;
  /** In milliseconds, in the order in which they came. */
  readonly lags: readonly number[];
  readonly invariants: readonly Invariant[];
}

const HALF = 0.5;

/**
 * Measures the lag of the read tables while transfers come at half the rate that this machine can
 * take with all services at work, measured just before.
 */
export async function benchLag(options: LagOptions): Promise<LagReport> {
  const { settings, out, signal } = options;
  const system = await startForBench(settings, out, signal, undefined);
  try {
    await system.setReadSide(true);
    return await lagOn(system, options);
  } finally {
    await system.stop();
  }
}

async function lagOn(system: BenchSystem, options: LagOptions): Promise<LagReport> {
  const { out, accounts, seconds, settings } = options;
  const { ledgerUrl } = system;
  const progress = createProgress(out, 5);
  progress.start(`opening ${accounts} accounts`);
  const world = await createWorld(doorsOf(system), accounts, progress.at);
  const probe = await createProbe(doorsOf(system));
  const generator = startGenerator();
  const tally = { acknowledged: 0, isComplete: true };
  const ground: LoadGround = { system, world, generator, floor: undefined, seconds, tally };
  try {
    const before = await countEvents(ledgerUrl, "TransferSent");
    progress.start("the most that can be written");
    const { perSecond: most } = await measureLoad(compared(), ground);
    progress.start("waiting for the read tables");
    await untilLevel(probe);
    const asked = most * HALF;
    progress.start(`the lag at ${Math.round(asked)} transfers a second`);
    const half = { ...compared(), name: "half the most", ratePerSecond: asked };
    const on = { measuring: () => probe.begin(), measured: () => probe.end() };
    const { perSecond: reached } = await measureLoad(half, ground, on);
    const lags = await probe.lags();
    progress.start("checking the invariants");
    const invariants = await checkInvariants(ledgerUrl, before, tally);
    const over = settings.KAFKA_BROKERS === undefined ? "HTTP" : "Kafka";
    return { over, most, asked, reached, lags, invariants };
  } finally {
    progress.end();
    generator.stop();
  }
}

import { fork } from "node:child_process";
import { once } from "node:events";
import { openSync } from "node:fs";
import { devNull } from "node:os";
import { join } from "node:path";
import { deriveKey, ed25519FromSeed, ed25519PublicKey } from "@countinghouse/service-kit";
import { CliError } from "../cli-error.ts";
import type { Disk } from "./disk.ts";
import type { Generator, OnLoad } from "./load/generator.ts";
import type { LoadResult, Payer } from "./load/plan.ts";
import type { Measurement } from "./plan.ts";
import { cpuSecondsOf, residentMib } from "./processes.ts";
import type { BenchSystem } from "./system.ts";
import type { World } from "./world.ts";
import type { Yardstick } from "./yardstick.ts";

/** One result of one measurement. */
export interface Sample {
  /** Transfers a second; of the yardstick, transactions; of a commit, commits. */
  readonly perSecond: number;
  readonly load?: LoadResult;
  /** Processor seconds by process while it was measured. */
  readonly cpuSeconds?: Readonly<Record<string, number>>;
  readonly commandMib?: number;
}

/** Everything that a load needs. */
export interface LoadGround {
  readonly system: BenchSystem;
  readonly world: World;
  readonly generator: Generator;
  readonly floor: Floor | undefined;
  readonly seconds: number;
  /** What all loads together were answered. */
  readonly tally: { acknowledged: number; isComplete: boolean };
}

/** Everything that a measurement may need. */
export interface Ground extends LoadGround {
  readonly disk: Disk;
  readonly yardstick: Yardstick | undefined;
}

const WARM_UP_MS = 2_000;
const OBSERVED = ["gateway", "command", "auth", "relay", "query", "audit", "postgres"] as const;
let loads = 0;

/** Measures once; undefined when this machine cannot. */
export async function measure(what: Measurement, ground: Ground): Promise<Sample | undefined> {
  const { disk, yardstick, seconds } = ground;
  switch (what.what) {
    case "yardstick":
      if (yardstick === undefined) return undefined;
      return { perSecond: await yardstick.run(what.clients, seconds) };
    case "insert":
      return { perSecond: await disk.insertCeiling(seconds) };
    case "commit":
      return { perSecond: 1_000 / (await disk.commitMs(seconds)) };
    default:
      return measureLoad(what, ground);
  }
}

/** Measures a load; `also` is told when its measured time begins and ends. */
export async function measureLoad(
  what: Measurement,
  ground: LoadGround,
  also?: OnLoad,
): Promise<Sample> {
  const { system, generator, seconds } = ground;
  const cpu = cpuMeter(system, ground.floor);
  loads += 1;
  const plan = {
    ...{ clients: what.clients, pattern: what.pattern, transfers: what.transfers },
    ports: portsOf(what, ground),
    payers: payersOf(what, ground),
    receivers: ground.world.accounts,
    warmUpMs: WARM_UP_MS,
    runMs: seconds * 1_000,
    keyPrefix: `bench-${process.pid}-${loads}`,
    ...(what.ratePerSecond !== undefined && { ratePerSecond: what.ratePerSecond }),
  };
  const load = await generator.run(plan, {
    measuring() {
      cpu.start();
      also?.measuring();
    },
    measured() {
      cpu.stop();
      also?.measured();
    },
  });
  if (what.what !== "floor") {
    ground.tally.acknowledged += load.acknowledged * what.transfers;
    ground.tally.isComplete &&= load.isComplete;
  }
  if (load.wrongBodies > 0) throw new CliError(`${what.name}: answers that are no transfers.`);
  const answered = (load.statuses[200] ?? 0) + (load.statuses[201] ?? 0);
  const commandPid = system.pidOf("command");
  const mib = commandPid === undefined ? undefined : residentMib(commandPid);
  return {
    perSecond: (answered * what.transfers) / load.seconds,
    load,
    cpuSeconds: { ...cpu.seconds(), generator: load.cpuSeconds },
    ...(mib !== undefined && { commandMib: mib }),
  };
}

function portsOf({ what, instances }: Measurement, { system, floor }: LoadGround): number[] {
  const { command, gateway } = system.urls;
  const direct = [command, ...system.moreCommands].slice(0, instances);
  const urls = what === "floor" ? [floor?.url ?? ""] : what === "direct" ? direct : [gateway];
  return urls.map((url) => Number(new URL(url).port));
}

function payersOf({ what, pattern }: Measurement, { world }: LoadGround): readonly Payer[] {
  const payers = what === "gateway" ? world.throughGateway : world.straightToCommand();
  // One hot account, or two that pay each other: all clients are the one who owns them.
  return pattern === "uniform" ? payers : payers.slice(0, 1);
}

/** Processor time of every observed process between `start` and `stop`. */
function cpuMeter(system: BenchSystem, floor: Floor | undefined) {
  const pids = new Map<string, number | undefined>([
    ...OBSERVED.map((name) => [name, system.pidOf(name)] as const),
    ["floor", floor?.pid],
  ]);
  const read = () => {
    return [...pids].map(([name, pid]) => [name, pid && cpuSecondsOf(pid)] as const);
  };
  let before: ReturnType<typeof read> = [];
  let after: ReturnType<typeof read> = [];
  return {
    start() {
      before = read();
    },
    stop() {
      after = read();
    },
    seconds(): Record<string, number> {
      const used = after.map(([name, end], i) => [name, (end ?? 0) - (before[i]?.[1] ?? 0)]);
      return Object.fromEntries(used.filter(([, seconds]) => Number(seconds) > 0));
    },
  };
}

/** The process that answers transfers without a database. */
export interface Floor {
  readonly url: string;
  readonly pid: number;
  stop(): void;
}

export async function startFloor(secretKey: string): Promise<Floor> {
  const seed = deriveKey(secretKey, "inner:gateway");
  const keys = JSON.stringify({ gateway: ed25519PublicKey(ed25519FromSeed(seed)) });
  const sink = openSync(devNull, "w");
  const child = fork(join(import.meta.dirname, "floor.ts"), {
    env: { ...process.env, INNER_PUBLIC_KEYS: keys },
    stdio: ["ignore", sink, "inherit", "ipc"],
  });
  const [{ url }] = (await once(child, "message")) as [{ url: string }];
  return { url, pid: child.pid ?? 0, stop: () => void child.kill("SIGKILL") };
}

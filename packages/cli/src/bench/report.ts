import { cpus, totalmem } from "node:os";
import type { Samples } from "./bench.ts";
import type { Invariant } from "./invariants.ts";
import type { Sample } from "./measure.ts";
import { AGED, NAMES } from "./plan.ts";

/** What a benchmark came to; `--json` writes it as it is. */
export interface Report {
  readonly machine: { readonly cpu: string; readonly cores: number; readonly memoryGib: number };
  readonly settings: {
    readonly seconds: number;
    readonly rounds: number;
    readonly accounts: number;
  };
  readonly rows: readonly Row[];
  readonly ratios: readonly Ratio[];
  readonly invariants: readonly Invariant[];
  /** Of the command service after every slice of a steady load, in MiB. */
  readonly memoryMib: readonly number[];
}

/** One measurement; of several rounds, the one in the middle. Latencies in milliseconds. */
export interface Row {
  readonly name: string;
  readonly perSecond: number;
  /** All rounds. */
  readonly rounds: readonly number[];
  readonly toYardstick: number | undefined;
  readonly toFloor: number | undefined;
  readonly p50: number | undefined;
  readonly p99: number | undefined;
  readonly p999: number | undefined;
  readonly statuses: Readonly<Record<string, number>> | undefined;
  readonly cpuSeconds: Readonly<Record<string, number>> | undefined;
  /** Of the load generator, in microseconds of processor time a request. */
  readonly generatorMicros: number | undefined;
  readonly commandMib: number | undefined;
}

/** Figures of the same run against each other, and what they should come to. */
export interface Ratio {
  readonly name: string;
  readonly value: number;
  readonly wanted: number;
  readonly bound: "at least" | "at most";
}

export interface Results {
  readonly seconds: number;
  readonly rounds: number;
  readonly accounts: number;
  readonly samples: Samples;
  /** What is compared, once more with a long history. */
  readonly aged: Sample | undefined;
  readonly memory: readonly number[];
  readonly invariants: readonly Invariant[];
}

const [MICROS, GIB] = [1e6, 2 ** 30];

export function reportOf(results: Results): Report {
  const { seconds, rounds, accounts, samples, aged, memory, invariants } = results;
  const named = new Map([...samples].map(([{ name }, all]) => [name, middle(all)]));
  if (aged !== undefined) named.set(AGED, aged);
  const yardstick = named.get(NAMES.yardstick)?.perSecond;
  const floor = named.get(NAMES.floor)?.perSecond;
  const roundsOf = new Map([...samples].map(([{ name }, all]) => [name, all]));
  const rows = [...named].map(([name, sample]) => {
    const all = roundsOf.get(name) ?? [sample];
    return rowOf(name, sample, all, { yardstick, floor });
  });
  const [{ model: cpu } = { model: "unknown" }, ...others] = cpus();
  return {
    machine: { cpu, cores: others.length + 1, memoryGib: Math.round(totalmem() / GIB) },
    settings: { seconds, rounds, accounts },
    ...{ rows, ratios: ratiosOf(named, memory), invariants, memoryMib: memory },
  };
}

/** The sample with the rate in the middle. */
function middle(samples: readonly Sample[]): Sample {
  const sorted = samples.toSorted((a, b) => a.perSecond - b.perSecond);
  return sorted[Math.floor(sorted.length / 2)] as Sample;
}

function rowOf(
  name: string,
  { perSecond, load, cpuSeconds, commandMib }: Sample,
  all: readonly Sample[],
  { yardstick, floor }: { yardstick: number | undefined; floor: number | undefined },
): Row {
  const requests = Object.values(load?.statuses ?? {}).reduce((sum, count) => sum + count, 0);
  return {
    ...{ name, perSecond, cpuSeconds, commandMib, statuses: load?.statuses },
    rounds: all.map((sample) => sample.perSecond),
    toYardstick: yardstick && perSecond / yardstick,
    toFloor: floor && perSecond / floor,
    ...{ p50: load?.p50, p99: load?.p99, p999: load?.p999 },
    generatorMicros: load && (load.cpuSeconds * MICROS) / requests,
  };
}

/** What a run should reach; those that it has the figures for. */
function ratiosOf(named: ReadonlyMap<string, Sample>, memory: readonly number[]): Ratio[] {
  const rate = (name: string) => named.get(name)?.perSecond ?? Number.NaN;
  const commitMs = 1_000 / rate(NAMES.commit);
  const idleMs = named.get(NAMES.idle)?.load?.p50 ?? Number.NaN;
  const direct = rate(NAMES.direct);
  const all: [string, number, number, Ratio["bound"]][] = [
    [
      "direct against pgbench's TPC-B, 64 clients each",
      direct / rate(NAMES.yardstick),
      2.5,
      "at least",
    ],
    ["direct against the HTTP floor", direct / rate(NAMES.floor), 0.4, "at least"],
    [
      "direct with the audit at work against without",
      rate(NAMES.audited) / direct,
      0.98,
      "at least",
    ],
    ["gateway against direct", rate(NAMES.gateway) / direct, 0.55, "at least"],
    ["bulk of 1,000, transfers a second", rate(NAMES.bulk), 10_000, "at least"],
    ["bulk of 1,000 against bare inserts", rate(NAMES.bulk) / rate(NAMES.insert), 0.5, "at least"],
    ["one hot account against uniform", rate(NAMES.hot) / direct, 0.9, "at least"],
    [
      "one hot account at two instances against one",
      rate(NAMES.hotTwice) / rate(NAMES.hot),
      0.5,
      "at least",
    ],
    ["one client's median against two commits and 2 ms", idleMs / (2 * commitMs + 2), 1, "at most"],
    ["with the long history against without", rate(AGED) / direct, 0.8, "at least"],
    ["most memory of the command service, MiB", Math.max(...memory, Number.NaN), 350, "at most"],
  ];
  return all
    .filter(([, value]) => !Number.isNaN(value))
    .map(([name, value, wanted, bound]) => ({ name, value, wanted, bound }));
}

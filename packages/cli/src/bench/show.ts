import Table from "cli-table3";
import type { LagReport } from "./lag.ts";
import type { Ratio, Report, Row } from "./report.ts";

const LOOK = { style: { head: [], border: [] } };

/** A report as people read it: the figures, what they come to, and whether the log is right. */
export function show(report: Report): string {
  const { machine, settings, rows, ratios, invariants, memoryMib } = report;
  const { cpu, cores, memoryGib } = machine;
  return [
    `${cores} × ${cpu}, ${memoryGib} GiB; each measured for ${settings.seconds} s; of ` +
      `${settings.rounds} rounds the one in the middle; ${settings.accounts} accounts`,
    figures(rows),
    "Processor seconds by process, in the measured time:",
    processors(rows),
    ...(ratios.length > 0 ? ["Ratios of this run:", targets(ratios)] : []),
    ...(memoryMib.length > 0 ? [`Memory under steady load, MiB: ${memoryMib.map(whole)}`] : []),
    "Invariants afterwards:",
    ...invariants.map(({ rule, holds, found }) => `${holds ? "✔" : "✘"} ${rule} (${found})`),
  ].join("\n");
}

/** A measurement of the lag as people read it. */
export function showLag({ over, most, asked, reached, lags, invariants }: LagReport): string {
  const sorted = lags.toSorted((a, b) => a - b);
  const at = (share: number) => precise(sorted[Math.floor(sorted.length * share)] ?? Number.NaN);
  return [
    `Over ${over}: ${whole(most)} transfers a second at most with all services; half of it, ` +
      `${whole(asked)}, asked for, ${whole(reached)} reached.`,
    `From acknowledgement to the answer of a query with its token, ${lags.length} probes: ` +
      `p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, slowest ${precise(sorted.at(-1) ?? Number.NaN)} ms` +
      ` (p99 wanted: at most ${LAG_WANTED_MS} ms)`,
    ...invariants.map(({ rule, holds, found }) => `${holds ? "✔" : "✘"} ${rule} (${found})`),
  ].join("\n");
}

const LAG_WANTED_MS = 250;

function figures(rows: readonly Row[]): string {
  const head = ["", "a second", "× TPC-B", "× floor", "p50 ms", "p99", "p99.9", "not 2xx"];
  const table = new Table({ head, colAligns: ["left", ...head.slice(1).map(right)], ...LOOK });
  table.push(
    ...rows.map((row) => [
      row.name,
      whole(row.perSecond),
      ...[row.toYardstick, row.toFloor].map((value) => text(value, 2)),
      ...[row.p50, row.p99, row.p999].map((value) => text(value, 1)),
      row.statuses === undefined ? "" : String(failures(row.statuses)),
    ]),
  );
  return table.toString();
}

function processors(rows: readonly Row[]): string {
  const measured = rows.filter(({ cpuSeconds }) => cpuSeconds !== undefined);
  const names = [...new Set(measured.flatMap(({ cpuSeconds = {} }) => Object.keys(cpuSeconds)))];
  const head = ["", ...names, "generator µs a request"];
  const table = new Table({ head, colAligns: ["left", ...head.slice(1).map(right)], ...LOOK });
  table.push(
    ...measured.map(({ name, cpuSeconds = {}, generatorMicros }) => [
      name,
      ...names.map((process) => text(cpuSeconds[process], 1)),
      text(generatorMicros, 1),
    ]),
  );
  return table.toString();
}

function targets(ratios: readonly Ratio[]): string {
  const table = new Table({ head: ["", "", "wanted", ""], colAligns: ["left", "right"], ...LOOK });
  table.push(
    ...ratios.map((ratio) => {
      const { name, value, wanted, bound } = ratio;
      return [name, precise(value), `${bound} ${precise(wanted)}`, isReached(ratio) ? "✔" : "✘"];
    }),
  );
  return table.toString();
}

/** Whether a ratio is as wanted. */
export function isReached({ value, wanted, bound }: Ratio): boolean {
  return bound === "at least" ? value >= wanted : value <= wanted;
}

function failures(statuses: Readonly<Record<string, number>>): number {
  const others = Object.entries(statuses).filter(([status]) => !/^2/.test(status));
  return others.reduce((sum, [, count]) => sum + count, 0);
}

function right(): "right" {
  return "right";
}

function whole(value: number): string {
  return Math.round(value).toLocaleString("en-US");
}

function text(value: number | undefined, digits: number): string {
  return value === undefined ? "" : value.toFixed(digits);
}

function precise(value: number): string {
  return value >= 100 ? whole(value) : value.toFixed(2);
}

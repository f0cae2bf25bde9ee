import { readdirSync, readFileSync } from "node:fs";

/** Clock ticks of `/proc` in a second: USER_HZ, which is 100 on every Linux. */
const TICKS_PER_SECOND = 100;
const KIB_PER_MIB = 1_024;

interface Stat {
  readonly parent: number;
  /** Its own time and that of its children that have ended, in ticks. */
  readonly ticks: number;
}

/**
 * Processor seconds that a process and those under it have used so far; undefined where the system
 * does not tell.
 */
export function cpuSecondsOf(pid: number): number | undefined {
  const own = statOf(pid);
  if (own === undefined) return undefined;
  const children = pidsOf()
    .map(statOf)
    .filter((stat) => stat?.parent === pid);
  const ticks = children.reduce((sum, child) => sum + (child?.ticks ?? 0), own.ticks);
  return ticks / TICKS_PER_SECOND;
}

/** The memory of a process that is in RAM, in MiB. */
export function residentMib(pid: number): number | undefined {
  const [, kib] = /^VmRSS:\s+(\d+) kB$/m.exec(read(`/proc/${pid}/status`)) ?? [];
  return kib === undefined ? undefined : Number(kib) / KIB_PER_MIB;
}

function pidsOf(): number[] {
  try {
    return readdirSync("/proc")
      .map(Number)
      .filter((pid) => pid > 0);
  } catch {
    return [];
  }
}

function statOf(pid: number): Stat | undefined {
  // The name in parentheses may hold anything; the numbers stand behind it.
  const [, numbers] = /\) (.*)$/s.exec(read(`/proc/${pid}/stat`)) ?? [];
  if (numbers === undefined) return undefined;
  const fields = numbers.split(" ").map(Number);
  const [PARENT, FIRST_TIME, AFTER_TIMES] = [1, 11, 15];
  const ticks = fields.slice(FIRST_TIME, AFTER_TIMES).reduce((sum, time) => sum + time, 0);
  return { parent: fields[PARENT] ?? 0, ticks };
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { kill } from "@countinghouse/testing/processes";
import { expect, vi } from "vitest";

export { descendantsOf, kill } from "@countinghouse/testing/processes";

const ROOT = resolve(import.meta.dirname, "../..");
const BOOTSTRAP = [process.execPath, join(ROOT, "tools/bootstrap.mjs"), "start"];
/** What each start must hold, whatever else the machine does. */
const STOP_MS = 10_000;
const POLL = { timeout: STOP_MS, interval: 25 };

/** A start as a user types it, in a group of processes of its own as a terminal makes one. */
export interface Start {
  readonly folder: string;
  readonly pid: number;
  readonly output: () => string;
  /** Resolves with the gateway's URL; rejects when the start ends first. */
  ready(): Promise<string>;
  /** Resolves with the exit code once everything that it printed has come. */
  ended(): Promise<number | null>;
}

const folders: string[] = [];
const starts: ChildProcess[] = [];

export function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "countinghouse-start-"));
  folders.push(folder);
  return folder;
}

export function begin(
  folder: string,
  { args = [], env = {}, by = BOOTSTRAP }: { args?: string[]; env?: object; by?: string[] } = {},
): Start {
  const [file = "", ...first] = by;
  const child = spawn(file, [...first, ...args], {
    cwd: ROOT,
    env: { ...ownEnv(), PORT: "0", COUNTINGHOUSE_DATA: folder, ...env },
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  starts.push(child);
  const closed = once(child, "close");
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
  }
  const url = () => /Gateway\s+│\s+(\S+)[\s\S]*Ctrl-C/.exec(output)?.[1];
  return {
    folder,
    pid: child.pid ?? 0,
    output: () => output,
    async ready() {
      const isOver = () => child.exitCode !== null || child.signalCode !== null;
      const begun = () => expect(url() !== undefined || isOver()).toBe(true);
      await vi.waitFor(begun, { timeout: 30_000, interval: 25 });
      return url() ?? expect.fail(`the start ended: ${output}`);
    },
    async ended() {
      const [code] = await closed;
      return code;
    },
  };
}

/** Settings of whoever runs the tests say nothing here. */
function ownEnv(): NodeJS.ProcessEnv {
  const { DATABASE_URL, KAFKA_BROKERS, SECRET_KEY, ENVIRONMENT, HOST, ...env } = process.env;
  return env;
}

/** The numbers of all processes that have the folder on their command line or in their settings. */
export function processesOf(folder: string): number[] {
  const pids = readdirSync("/proc").map(Number);
  return pids.filter((pid) => pid > 0 && pid !== process.pid && isAbout(pid, folder));
}

function isAbout(pid: number, folder: string): boolean {
  try {
    return ["cmdline", "environ"].some((file) => {
      return readFileSync(`/proc/${pid}/${file}`, "utf8").includes(folder);
    });
  } catch {
    return false;
  }
}

/** Whether a process works; one that is dead but not yet collected does not. */
export function works(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}

/** Nothing of a start is left within the time that Ctrl-C has: no process, no lock. */
export async function expectNothingLeft(folder: string, pids: number[] = []): Promise<void> {
  const left = () => [...processesOf(folder), ...pids].filter(works);
  await expect.poll(left, POLL).toEqual([]);
  expect(existsSync(join(folder, "lock"))).toBe(false);
}

/** Ends what a failed test has left, and removes its folders. */
export function cleanUp(): void {
  for (const { pid } of starts.splice(0)) pid !== undefined && killGroup(pid);
  for (const folder of folders.splice(0)) {
    for (const pid of processesOf(folder)) kill(pid);
    rmSync(folder, { recursive: true, force: true });
  }
}

function killGroup(pid: number): void {
  kill(-pid);
}

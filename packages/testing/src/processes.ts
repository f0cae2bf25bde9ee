import { readdirSync, readFileSync } from "node:fs";

/** All processes below one, at any depth. */
export function descendantsOf(pid: number): number[] {
  const children = readdirSync("/proc")
    .map(Number)
    .filter((child) => child > 0 && parentOf(child) === pid);
  return [...children, ...children.flatMap(descendantsOf)];
}

function parentOf(pid: number): number {
  try {
    return Number(/^PPid:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]);
  } catch {
    return 0;
  }
}

/** Sends a signal to a process, if it is still there. */
export function kill(pid: number, signal: NodeJS.Signals = "SIGKILL"): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended already.
  }
}

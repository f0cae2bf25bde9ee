import { readFileSync, writeFileSync } from "node:fs";
import { constants, setPriority } from "node:os";

/** Where in `/proc/self/stat`, after the name, the session is. */
const SESSION = 3;

/**
 * Lets everybody else on this machine go first: money does not wait for the audit, which catches up
 * ten times as fast as money comes in. On Linux the scheduler weighs sessions before processes, so
 * that of a process that has one to itself yields, too.
 */
export function yieldToOthers(): void {
  try {
    setPriority(constants.priority.PRIORITY_LOW);
    const stat = readFileSync("/proc/self/stat", "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const isOwn = Number(fields[SESSION]) === process.pid;
    if (isOwn) writeFileSync("/proc/self/autogroup", String(constants.priority.PRIORITY_LOW));
  } catch {
    // Another system, or one that groups otherwise.
  }
}

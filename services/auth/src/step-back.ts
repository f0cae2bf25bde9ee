import { readFileSync, writeFileSync } from "node:fs";
import { constants, setPriority } from "node:os";

const NICE = constants.priority.PRIORITY_BELOW_NORMAL;
/** Of /proc/PID/stat, counted after the name of the program. */
const SESSION_FIELD = 3;

/**
 * Lets this process run behind others where processors are short: a storm of logins makes logins
 * slow, not transfers, none of which waits for auth. Threads made from now on inherit it. Where
 * Linux weighs sessions of processes before processes (sched_autogroup), it is told of the session,
 * too, if that is ours alone.
 */
export function stepBack(): void {
  setPriority(NICE);
  try {
    if (sessionOf(readFileSync("/proc/self/stat", "utf8")) !== process.pid) return;
    writeFileSync("/proc/self/autogroup", String(NICE));
  } catch {
    // Another system, or a kernel or container without it: what counts there is set already.
  }
}

function sessionOf(stat: string): number {
  const afterName = stat.slice(stat.lastIndexOf(")") + 2);
  return Number(afterName.split(" ")[SESSION_FIELD]);
}

// Loaded before a service by --import: its clock is then the machine's, moved by what a file says.
// What measures durations (performance.now, timers) stays as it is, as when a clock is set.
import { readFileSync, watchFile } from "node:fs";

const POLL_MS = 100;
const file = process.env.CHAOS_CLOCK;
const Real = Date;
let shiftMs = 0;

function look(): void {
  if (file !== undefined) shiftMs = Number(readFileSync(file, "utf8")) || 0;
}

function now(): number {
  return Real.now() + shiftMs;
}

if (file !== undefined) {
  look();
  watchFile(file, { interval: POLL_MS, persistent: false }, look);
  globalThis.Date = new Proxy(Real, {
    get: (target, name) => (name === "now" ? now : Reflect.get(target, name)),
    construct: (target, args, newTarget) => {
      return Reflect.construct(target, args.length === 0 ? [now()] : args, newTarget);
    },
  });
}

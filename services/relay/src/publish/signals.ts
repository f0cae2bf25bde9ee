import { setTimeout as pause } from "node:timers/promises";

const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 2_000;

/** Wakes all who wait for it. A ring that nobody waits for is lost: look first, then wait. */
export interface Bell {
  ring(): void;
  rung(signal: AbortSignal): Promise<void>;
}

export function createBell(): Bell {
  let next = Promise.withResolvers<void>();
  return {
    ring() {
      next.resolve();
      next = Promise.withResolvers<void>();
    },
    async rung(signal) {
      await orAborted(next.promise, signal);
    },
  };
}

/** What the promise gives, or undefined as soon as the signal is aborted. */
export async function orAborted<T>(
  promise: Promise<T>,
  signal: AbortSignal,
): Promise<T | undefined> {
  const { promise: aborted, resolve } = Promise.withResolvers<undefined>();
  const abort = () => resolve(undefined);
  if (signal.aborted) abort();
  signal.addEventListener("abort", abort, { once: true });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

/** Pauses that double with each failure in a row; they end early when the signal is aborted. */
export function createPauses(signal: AbortSignal): {
  afterFailure(): Promise<void>;
  reset(): void;
} {
  let nextMs = FIRST_PAUSE_MS;
  return {
    async afterFailure() {
      const ms = nextMs;
      nextMs = Math.min(nextMs * 2, LONGEST_PAUSE_MS);
      await pause(ms, undefined, { signal }).catch(() => undefined);
    },
    reset() {
      nextMs = FIRST_PAUSE_MS;
    },
  };
}

import { setTimeout as pause } from "node:timers/promises";

/** The first pause after a failure, and the longest; each is up to twice the one before. */
const FIRST_MS = 100;
const LONGEST_MS = 5_000;

/** Growing pauses between attempts, with chance in them so that many do not come back at once. */
export interface Backoff {
  /** Returns at once when the signal is aborted. */
  wait(signal: AbortSignal): Promise<void>;
  /** Something worked: the next pause is the first again. */
  reset(): void;
}

export function createBackoff(): Backoff {
  let nextMs = FIRST_MS;
  return {
    async wait(signal) {
      const ms = nextMs * (0.5 + Math.random() / 2);
      nextMs = Math.min(nextMs * 2, LONGEST_MS);
      await pause(ms, undefined, { signal }).catch(() => undefined);
    },
    reset() {
      nextMs = FIRST_MS;
    },
  };
}

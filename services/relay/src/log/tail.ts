import type { LogReader } from "@countinghouse/event-store";
import type { Logger } from "@countinghouse/service-kit";

/** Pause between two looks at the heads while they move; it doubles up to the other while not. */
const BUSY_PAUSE_MS = 5;
const IDLE_PAUSE_MS = 25;
/** Pause after a look that failed. */
const FAILED_PAUSE_MS = 250;

/** The ends of all ledgers as this process last saw them: one query for all who follow. */
export interface Tail {
  /** The position of the last event; undefined for a ledger that has not been seen. */
  head(ledger: number): number | undefined;
  /** Resolves once the ledger has events after `position`, or when the signal is aborted. */
  beyond(ledger: number, position: number, signal: AbortSignal): Promise<void>;
  /** Resolves once any ledger has moved from what this call saw, or when the signal is aborted. */
  moved(signal: AbortSignal): Promise<void>;
  /** Wakes nobody any more. */
  stop(): void;
}

interface Waiter {
  isDue(): boolean;
  wake(): void;
}

/** Looks at the heads only while somebody waits. */
export function createTail(reader: Pick<LogReader, "heads">, logger: Logger): Tail {
  const heads = new Map<number, number>();
  const waiters = new Set<Waiter>();
  const stopping = new AbortController();
  let isLooking = false;
  let moves = 0;

  async function look(): Promise<void> {
    if (isLooking) return;
    isLooking = true;
    let pauseMs = BUSY_PAUSE_MS;
    while (waiters.size > 0 && !stopping.signal.aborted) {
      try {
        const hasMoved = note(await reader.heads());
        pauseMs = hasMoved ? BUSY_PAUSE_MS : Math.min(pauseMs * 2, IDLE_PAUSE_MS);
        for (const waiter of waiters) if (waiter.isDue()) waiter.wake();
      } catch (err) {
        if (pauseMs !== FAILED_PAUSE_MS)
          logger.warn({ err }, "the heads of the log are not readable");
        pauseMs = FAILED_PAUSE_MS;
      }
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
    isLooking = false;
  }

  function note(seen: readonly { ledger: number; position: number }[]): boolean {
    const before = moves;
    for (const { ledger, position } of seen) {
      if (position <= (heads.get(ledger) ?? -1)) continue;
      heads.set(ledger, position);
      moves += 1;
    }
    return moves > before;
  }

  function until(isDue: () => boolean, signal: AbortSignal): Promise<void> {
    if (isDue() || signal.aborted || stopping.signal.aborted) return Promise.resolve();
    const { promise, resolve } = Promise.withResolvers<void>();
    const waiter: Waiter = {
      isDue,
      wake() {
        waiters.delete(waiter);
        signal.removeEventListener("abort", waiter.wake);
        resolve();
      },
    };
    waiters.add(waiter);
    signal.addEventListener("abort", waiter.wake, { once: true });
    void look();
    return promise;
  }

  return {
    head: (ledger) => heads.get(ledger),
    beyond: (ledger, position, signal) => {
      return until(() => (heads.get(ledger) ?? -1) > position, signal);
    },
    moved(signal) {
      const before = moves;
      return until(() => moves > before, signal);
    },
    stop() {
      stopping.abort();
      for (const waiter of waiters) waiter.wake();
    },
  };
}

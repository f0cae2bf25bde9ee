import type { Logger } from "@countinghouse/service-kit";

/** How often a worker looks for what is to be done. */
const LOOK_EVERY_MS = 1_000;

/** Looks for work, one look after another. */
export interface Worker {
  start(): void;
  /** Returns when nothing is under way any more. */
  stop(): Promise<void>;
  /** Looks once; what `start` does again and again. */
  look(): Promise<void>;
}

/** `look` is told by the signal that it should come to an end; a look that fails is logged. */
export function createWorker(
  look: (signal: AbortSignal) => Promise<void>,
  logger: Logger,
  failure: string,
): Worker {
  const stopping = new AbortController();
  const { signal } = stopping;
  let looking = Promise.resolve();
  let timer: NodeJS.Timeout | undefined;

  function wait(): void {
    if (signal.aborted) return;
    timer = setTimeout(() => {
      looking = look(signal)
        .catch((err: unknown) => logger.warn({ err }, failure))
        .then(wait);
    }, LOOK_EVERY_MS);
    timer.unref();
  }

  return {
    look: () => look(signal),
    start: wait,
    async stop() {
      stopping.abort();
      clearTimeout(timer);
      await looking;
    },
  };
}

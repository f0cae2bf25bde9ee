import type { Logger } from "@countinghouse/service-kit";
import type { Projector } from "./projector.ts";

/** How soon parked accounts are tried again when the log or the database was out of reach. */
const RETRY_MS = 5_000;

/**
 * Tries parked accounts again, once: a process that has just started may understand what the one
 * before it did not.
 */
export function releaseAtStart(
  projector: Projector,
  logger: Logger,
  retryMs = RETRY_MS,
): { stop(): Promise<void> } {
  const stopping = new AbortController();
  const done = tryUntilDone(projector, logger, retryMs, stopping.signal);
  return {
    async stop() {
      stopping.abort();
      await done;
    },
  };
}

async function tryUntilDone(
  projector: Projector,
  logger: Logger,
  retryMs: number,
  stopping: AbortSignal,
): Promise<void> {
  while (!stopping.aborted) {
    try {
      const released = await projector.releaseParked();
      if (released > 0) logger.info({ released }, "parked accounts go on");
      return;
    } catch (err) {
      logger.warn({ err }, "parked accounts cannot be tried now");
      await pause(retryMs, stopping);
    }
  }
}

function pause(ms: number, stopping: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  stopping.addEventListener("abort", () => resolve(), { once: true });
  return promise.finally(() => clearTimeout(timer));
}

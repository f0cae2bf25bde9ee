import { createBackoff } from "./backoff.ts";
import type { BatchHandler, BusLogger, EventBatch } from "./port.ts";

/**
 * Gives a batch to the handler until it has taken it. Resolves to false when the signal was aborted
 * before that: then the batch is not handled.
 */
export async function deliver(
  batch: EventBatch,
  onBatch: BatchHandler,
  signal: AbortSignal,
  logger: BusLogger,
): Promise<boolean> {
  const taken = await persist(
    async () => {
      await onBatch(batch);
      return true;
    },
    signal,
    (err) => {
      const { source, events } = batch;
      logger.warn({ err, source, events: events.length }, "a batch was not taken; trying again");
    },
  );
  return taken ?? false;
}

/** Does something until it works; undefined when the signal was aborted before that. */
export async function persist<T>(
  work: () => Promise<T>,
  signal: AbortSignal,
  onFailure: (error: unknown) => void,
): Promise<T | undefined> {
  const backoff = createBackoff();
  while (!signal.aborted) {
    try {
      return await work();
    } catch (error) {
      onFailure(error);
      await backoff.wait(signal);
    }
  }
  return undefined;
}

import type { Envelope } from "@countinghouse/contracts";
import type { BatchHandler, EventBatch, PositionStore } from "../../src/index.ts";

/** A consumer in memory that keeps events and positions together, as one transaction would. */
export interface TestHandler extends PositionStore {
  readonly onBatch: BatchHandler;
  readonly events: readonly Envelope[];
  readonly unreadable: EventBatch["unreadable"];
  readonly positions: ReadonlyMap<string, bigint>;
  /** Batches handed over, taken or not. */
  readonly calls: number;
  /** What to do before a batch is taken; may reject. */
  before: (batch: EventBatch) => Promise<void> | void;
  /** Forgets what it got, keeps where it is. */
  clear(): void;
}

export function createHandler(positions = new Map<string, bigint>()): TestHandler {
  const events: Envelope[] = [];
  const unreadable: EventBatch["unreadable"][number][] = [];
  const active = new Set<string>();
  const handler = {
    events,
    unreadable,
    positions,
    calls: 0,
    before: () => undefined,
    async position(source) {
      return positions.get(source) ?? 0n;
    },
    async onBatch(batch) {
      if (active.has(batch.source)) throw new Error(`two batches of ${batch.source} at once`);
      active.add(batch.source);
      try {
        handler.calls += 1;
        await handler.before(batch);
        events.push(...batch.events);
        unreadable.push(...batch.unreadable);
        positions.set(batch.source, batch.next);
      } finally {
        active.delete(batch.source);
      }
    },
    clear() {
      events.length = 0;
    },
  } as { -readonly [K in keyof TestHandler]: TestHandler[K] };
  return handler;
}

/** The versions of each stream, in the order in which they came. */
export function versionsByStream(events: readonly Envelope[]): Map<string, number[]> {
  const found = new Map<string, number[]>();
  for (const { streamId, version } of events) {
    found.set(streamId, [...(found.get(streamId) ?? []), version]);
  }
  return found;
}

export const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined };

import type { EventStore, LogSession, StoredStream } from "@countinghouse/event-store";
import type { Aggregates, Category, Stream } from "./aggregates.ts";
import { NO_STREAM } from "./aggregates.ts";
import type { Read } from "./command.ts";

/** Streams remembered at most; the oldest are forgotten first. */
const STREAMS_MAX = 100_000;

/**
 * The streams as this process last saw them. Only a baseline: the append checks every version, so a
 * stale entry costs a second try and can do no harm.
 */
export interface StreamCache {
  /** The streams of these reads, the unknown ones loaded from the session in one statement. */
  load(reads: readonly Read[], session: LogSession): Promise<Map<string, Stream>>;
  remember(streams: ReadonlyMap<string, Stream>): void;
  forget(reads: readonly Read[]): void;
}

export function createStreamCache(store: EventStore, aggregates: Aggregates): StreamCache {
  const known = new Map<string, Stream>();

  async function revive(read: Read, stored: StoredStream): Promise<Stream> {
    const { evolve, fromJson, schema } = aggregates[stored.category as Category];
    if (stored.stateSchema === schema) {
      return { version: stored.version, state: fromJson(stored.state) };
    }
    const events = await store.eventsOf(read);
    return { version: events.length, state: events.reduce(evolve, undefined as unknown) };
  }

  return {
    async load(reads, session) {
      const found = new Map<string, Stream>();
      const missing = new Map<string, Read>();
      for (const read of reads) {
        const hit = known.get(read.streamId);
        if (hit !== undefined) found.set(read.streamId, hit);
        else missing.set(read.streamId, read);
      }
      if (missing.size === 0) return found;
      const stored = await session.load([...missing.values()]);
      for (const [streamId, read] of missing) {
        const row = stored.get(streamId);
        const isWanted = row !== undefined && row.category === read.category;
        found.set(streamId, isWanted ? await revive(read, row) : NO_STREAM);
      }
      return found;
    },
    remember(streams) {
      for (const [streamId, stream] of streams) {
        if (stream.version === 0) continue;
        known.delete(streamId);
        known.set(streamId, stream);
      }
      for (const streamId of known.keys()) {
        if (known.size <= STREAMS_MAX) break;
        known.delete(streamId);
      }
    },
    forget(reads) {
      for (const { streamId } of reads) known.delete(streamId);
    },
  };
}

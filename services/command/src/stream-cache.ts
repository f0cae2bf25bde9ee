import type { LogSession, StoredStream } from "@countinghouse/event-store";
import type { Aggregates, Stream } from "./aggregates.ts";
import { keyOf, type Read } from "./command.ts";

/** Streams remembered at most; the oldest are forgotten first. */
const STREAMS_MAX = 100_000;

/**
 * The streams as this process last saw them. Only a baseline: the append checks every version, so a
 * stale entry costs a second try and can do no harm.
 */
export interface StreamCache {
  /**
   * The streams of these reads by `keyOf`, the unknown ones loaded from the session in one
   * statement.
   */
  load(reads: readonly Read[], session: LogSession): Promise<Map<string, Stream>>;
  /** The same, all of them loaded; and whether one that was remembered had moved since. */
  reload(
    reads: readonly Read[],
    session: LogSession,
  ): Promise<{ streams: Map<string, Stream>; hasMoved: boolean }>;
  /** The stream of this `keyOf`, if it is remembered. */
  known(key: string): Stream | undefined;
  remember(streams: ReadonlyMap<string, Stream>): void;
  forget(reads: readonly Read[]): void;
}

export function createStreamCache(aggregates: Aggregates): StreamCache {
  const known = new Map<string, Stream>();

  async function revive(
    read: Read,
    stored: StoredStream | undefined,
    session: LogSession,
  ): Promise<Stream> {
    // An id of another category names nothing here, but what is stored has the version it has.
    if (stored?.category !== read.category) {
      return { version: stored?.version ?? 0, state: undefined };
    }
    const { evolve, fromJson, schema } = aggregates[read.category];
    if (stored.stateSchema === schema) {
      return { version: stored.version, state: fromJson(stored.state) };
    }
    const events = await session.eventsOf(read);
    return { version: events.length, state: events.reduce(evolve, undefined as unknown) };
  }

  async function load(reads: readonly Read[], session: LogSession): Promise<Map<string, Stream>> {
    const found = new Map<string, Stream>();
    const missing = new Map<string, Read>();
    for (const read of reads) {
      const key = keyOf(read);
      const hit = known.get(key);
      if (hit !== undefined) found.set(key, hit);
      else missing.set(key, read);
    }
    if (missing.size === 0) return found;
    const stored = await session.load([...missing.values()]);
    for (const [key, read] of missing) {
      found.set(key, await revive(read, stored.get(read.streamId), session));
    }
    return found;
  }

  function forget(reads: readonly Read[]): void {
    for (const read of reads) known.delete(keyOf(read));
  }

  return {
    load,
    async reload(reads, session) {
      const before = new Map(reads.map(keyOf).map((key) => [key, known.get(key)]));
      forget(reads);
      const streams = await load(reads, session);
      const hasMoved = [...before].some(([key, stream]) => {
        return stream !== undefined && stream.version !== streams.get(key)?.version;
      });
      return { streams, hasMoved };
    },
    known: (key) => known.get(key),
    remember(streams) {
      for (const [key, stream] of streams) {
        // That a ledger has no tariff is worth knowing: every posting asks for it.
        if (stream.version === 0 && !key.startsWith("tariff ")) continue;
        known.delete(key);
        known.set(key, stream);
      }
      for (const key of known.keys()) {
        if (known.size <= STREAMS_MAX) break;
        known.delete(key);
      }
    },
    forget,
  };
}

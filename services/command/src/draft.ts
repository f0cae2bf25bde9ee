import type { Stream } from "./aggregates.ts";
import type { BatcherDeps } from "./batcher.ts";
import { type Command, keyOf, type Read } from "./command.ts";
import { decideBatch, needsHeads, type Result } from "./decide-batch.ts";
import type { StreamCache } from "./stream-cache.ts";

/** What a batch came to, before it is in the log. */
export interface Attempt {
  readonly results: readonly Result[];
  readonly streams: ReadonlyMap<string, Stream>;
}

/**
 * The decisions of commands that wait, made while the batch before them is on its way and as if it
 * had arrived. They count only if it does at its first try, and only all together.
 */
export interface Draft {
  /** Says what the batch before leaves, once that is decided. */
  standOn(streams: ReadonlyMap<string, Stream>): void;
  /** Decides one more, if everything it reads is at hand. */
  add(command: Command): void;
  /** The attempt of exactly so many commands; undefined when they have to be decided anew. */
  take(count: number): Attempt | undefined;
  drop(): void;
}

export function createDraft(cache: StreamCache, { aggregates, tokens }: BatcherDeps): Draft {
  const streams = new Map<string, Stream>();
  const results: Result[] = [];
  const ground = { streams, heads: undefined, aggregates, tokens };
  let base: ReadonlyMap<string, Stream> | undefined;
  let isWhole = true;

  function isAtHand(read: Read): boolean {
    const key = keyOf(read);
    if (streams.has(key)) return true;
    const known = base?.get(key) ?? cache.known(key);
    if (known !== undefined) streams.set(key, known);
    return known !== undefined;
  }

  return {
    standOn(left) {
      base = left;
    },
    add(command) {
      isWhole &&= base !== undefined && !needsHeads(command) && command.reads.every(isAtHand);
      if (isWhole) results.push(...decideBatch([command], ground));
    },
    take: (count) => (isWhole && results.length === count ? { results, streams } : undefined),
    drop() {
      isWhole = false;
    },
  };
}

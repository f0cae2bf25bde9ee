import { setImmediate as breath } from "node:timers/promises";
import type { Envelope } from "@countinghouse/contracts";
import {
  canonicalJson,
  ENTRY_BYTES_MAX,
  type FullTile,
  leafHash,
  type TreeEdge,
} from "@countinghouse/transparency";
import { Refusal } from "./refusal.ts";

/** Events after which others get their turn: hashing them takes some milliseconds. */
const BREATH_EVENTS = 128;

/** The bytes that are the leaf of an event. */
export function entryOf(event: Envelope): Buffer {
  return Buffer.from(canonicalJson(event));
}

/** A tree with more leaves, and what came of them. */
export interface Grown {
  readonly edge: TreeEdge;
  readonly entries: readonly Buffer[];
  readonly tiles: readonly FullTile[];
}

/**
 * A copy of the tree with these events appended. Rejects with a Refusal for one that no bundle can
 * hold.
 */
export async function grow(before: TreeEdge, events: readonly Envelope[]): Promise<Grown> {
  const edge = before.copy();
  const entries: Buffer[] = [];
  const tiles: FullTile[] = [];
  for (const event of events) {
    const entry = entryOf(event);
    if (entry.length > ENTRY_BYTES_MAX) throw new Refusal("entry_too_large", event.position);
    entries.push(entry);
    edge.append(leafHash(entry), (tile) => tiles.push(tile));
    if (entries.length % BREATH_EVENTS === 0) await breath();
  }
  return { edge, entries, tiles };
}

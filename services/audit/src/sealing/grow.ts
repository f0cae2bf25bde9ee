import { setImmediate as breath } from "node:timers/promises";
import type { Envelope } from "@countinghouse/contracts";
import {
  canonicalJson,
  ENTRY_BYTES_MAX,
  type FullTile,
  type Hash,
  leafHash,
  type TreeEdge,
} from "@countinghouse/transparency";
import { Refusal } from "./refusal.ts";

/** Events after which others get their turn: hashing them takes some milliseconds. */
const BREATH_EVENTS = 512;

/** The bytes that are the leaf of an event. */
export function entryOf(event: Envelope): Buffer {
  return Buffer.from(canonicalJson(event));
}

/** An event that waits to be sealed: all that is needed of it, so that the event itself can go. */
export interface Leaf {
  readonly entry: Buffer;
  readonly hash: Hash;
  readonly recordedAt: string;
}

/** The leaf of an event. Throws a Refusal for one that no bundle can hold. */
export function leafOf(event: Envelope): Leaf {
  const entry = entryOf(event);
  if (entry.length > ENTRY_BYTES_MAX) throw new Refusal("entry_too_large", event.position);
  return { entry, hash: leafHash(entry), recordedAt: event.recordedAt };
}

/** A tree with more leaves, and what came of them. */
export interface Grown {
  readonly edge: TreeEdge;
  readonly entries: readonly Buffer[];
  readonly tiles: readonly FullTile[];
}

/** A copy of the tree with these leaves appended. */
export async function grow(before: TreeEdge, leaves: readonly Leaf[]): Promise<Grown> {
  const edge = before.copy();
  const tiles: FullTile[] = [];
  for (const [i, { hash }] of leaves.entries()) {
    edge.append(hash, (tile) => tiles.push(tile));
    if (i % BREATH_EVENTS === BREATH_EVENTS - 1) await breath();
  }
  return { edge, entries: leaves.map(({ entry }) => entry), tiles };
}

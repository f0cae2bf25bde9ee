import { HASH_BYTES, type Hash } from "@countinghouse/transparency";
import type { Finding } from "./findings.ts";

/** Leaves kept after the first difference, to tell what kind it is. */
const WINDOW = 64;

/**
 * Compares the leaves of the events with the leaves that the tiles have, in order, and tells what
 * kind of change it was. Holds the leaves around the first difference and nothing else.
 */
export class Comparison {
  #events = 0;
  #hashes = 0;
  #first: number | undefined;
  #last = 0;
  #differing = 0;
  readonly #eventWindow: Hash[] = [];
  readonly #hashWindow: Hash[] = [];

  /** The next pair; undefined on the side that has no more. Gives whether they differ. */
  next(event: Hash | undefined, hash: Hash | undefined): boolean {
    const index = Math.max(this.#events, this.#hashes);
    if (event !== undefined) this.#events += 1;
    if (hash !== undefined) this.#hashes += 1;
    const isSame = event !== undefined && hash !== undefined && event.equals(hash);
    if (!isSame) {
      this.#first ??= index;
      this.#last = index;
      this.#differing += 1;
    }
    if (this.#first !== undefined && index < this.#first + WINDOW) {
      if (event !== undefined) this.#eventWindow.push(event);
      if (hash !== undefined) this.#hashWindow.push(hash);
    }
    return !isSame;
  }

  get differs(): boolean {
    return this.#first !== undefined;
  }

  /** The first position at which they differ. */
  get position(): number {
    return (this.#first ?? 0) + 1;
  }

  /** What was done to the events, when the hashes are those that were signed. */
  finding(): Finding | undefined {
    if (this.#first === undefined) return undefined;
    const [events, hashes] = [this.#eventWindow, this.#hashWindow];
    const position = this.position;
    const until = this.#last + 1;
    if (events.length === 0) return { code: "truncated", position, until };
    if (hashes.length === 0) return { code: "surplus", position, until };
    if (this.#differing === 1) return { code: "edited", position };
    if (this.#isSwap()) return { code: "swapped", position, until };
    if (isShifted(events, hashes)) return { code: "deleted", position };
    if (isShifted(hashes, events)) return { code: "inserted", position };
    const isToTheEnd = this.#last + 1 >= Math.max(this.#events, this.#hashes);
    const isAll = this.#differing === until - position + 1;
    if (isToTheEnd && isAll) return { code: "rewritten", position, until };
    const about = `${this.#differing} events`;
    return { code: "edited", position, until, about };
  }

  #isSwap(): boolean {
    const distance = this.#last - (this.#first ?? 0);
    const [events, hashes] = [this.#eventWindow, this.#hashWindow];
    const [a, b] = [events[0], events[distance]];
    const [x, y] = [hashes[0], hashes[distance]];
    return this.#differing === 2 && same(a, y) && same(b, x);
  }
}

/** Whether the first list is the second without its first element. */
function isShifted(shorter: readonly Hash[], longer: readonly Hash[]): boolean {
  const rest = longer.slice(1);
  const count = Math.min(shorter.length, rest.length);
  return count > 0 && rest.slice(0, count).every((hash, i) => same(hash, shorter[i]));
}

function same(a: Hash | undefined, b: Hash | undefined): boolean {
  return a !== undefined && b !== undefined && a.equals(b);
}

/** The hashes of a tile, one after another. */
export function hashesOf(tile: Buffer): Hash[] {
  const count = Math.floor(tile.length / HASH_BYTES);
  return Array.from({ length: count }, (_, i) => {
    return tile.subarray(i * HASH_BYTES, (i + 1) * HASH_BYTES);
  });
}

import { EMPTY_ROOT, type Hash, nodeHash } from "./hash.ts";

/** A complete subtree: of the leaves from index · 2^level on, 2^level of them. */
export interface TreeNode {
  readonly level: number;
  readonly index: number;
}

/** Leaves from `begin` up to, and without, `end`. */
export interface LeafRange {
  readonly begin: number;
  readonly end: number;
}

/** The largest size of a tree here: whole numbers beyond it are not exact. */
export const SIZE_MAX = Number.MAX_SAFE_INTEGER;

/** Whether a number can be the size of a tree, or the index of a leaf. */
export function isSize(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}

/**
 * The complete subtrees that a range is made of, from left to right, each as large as it can be.
 */
export function completeSubtrees({ begin, end }: LeafRange): TreeNode[] {
  const nodes: TreeNode[] = [];
  for (let at = begin; at < end; ) {
    let [level, width] = [0, 1];
    while (at % (2 * width) === 0 && at + 2 * width <= end) {
      level += 1;
      width *= 2;
    }
    nodes.push({ level, index: at / width });
    at += width;
  }
  return nodes;
}

/** The Merkle Tree Hash of a range from the hashes of its complete subtrees. */
export function combine(hashes: readonly Hash[]): Hash {
  const last = hashes.at(-1);
  if (last === undefined) return EMPTY_ROOT;
  return hashes.slice(0, -1).reduceRight((right, left) => nodeHash(left, right), last);
}

/** The largest power of two below a number of at least 2. */
export function splitPoint(count: number): number {
  let power = 1;
  while (power * 2 < count) power *= 2;
  return power;
}

// Inclusion and consistency proofs: RFC 6962, 2.1.1 and 2.1.2; checked as RFC 9162, 2.1.3.2 and
// 2.1.4.2, which does not look at the tree.
import { type Hash, nodeHash } from "./hash.ts";
import type { TreeNode } from "./subtrees.ts";
import { combine, completeSubtrees, isSize, type LeafRange, splitPoint } from "./subtrees.ts";

/** Where the hashes of complete subtrees are kept. */
export interface HashReader {
  /** The hashes of these subtrees, in their order. Rejects when one is not there. */
  readHashes(nodes: readonly TreeNode[]): Promise<Hash[]>;
}

/** The root of the tree of so many leaves. */
export async function rootAt(reader: HashReader, size: number): Promise<Hash> {
  return combine(await reader.readHashes(completeSubtrees({ begin: 0, end: size })));
}

/** The hash of one leaf. */
export async function leafAt(reader: HashReader, index: number): Promise<Hash> {
  return combine(await reader.readHashes([{ level: 0, index }]));
}

/**
 * The proof that the leaf at `index` is in the tree of `size` leaves, from the leaf upwards. Throws
 * a RangeError for an index that is not below the size.
 */
export async function proveInclusion(
  reader: HashReader,
  index: number,
  size: number,
): Promise<Hash[]> {
  if (!isSize(index) || !isSize(size) || index >= size) throw new RangeError("no such leaf");
  return hashesOf(reader, inclusionPath(index, { begin: 0, end: size }));
}

/**
 * The proof that the tree of `to` leaves begins with the tree of `from` leaves. Throws a RangeError
 * unless 1 ≤ from ≤ to.
 */
export async function proveConsistency(
  reader: HashReader,
  from: number,
  to: number,
): Promise<Hash[]> {
  if (!isSize(from) || !isSize(to) || from < 1 || from > to) throw new RangeError("no such trees");
  return hashesOf(reader, consistencyPath(from, { begin: 0, end: to }, true));
}

/** One read for all hashes of a proof. */
async function hashesOf(reader: HashReader, ranges: readonly LeafRange[]): Promise<Hash[]> {
  const parts = ranges.map((range) => completeSubtrees(range));
  const hashes = await reader.readHashes(parts.flat());
  let next = 0;
  return parts.map(({ length }) => {
    const part = hashes.slice(next, next + length);
    next += length;
    return combine(part);
  });
}

function inclusionPath(index: number, { begin, end }: LeafRange): LeafRange[] {
  if (end - begin === 1) return [];
  const middle = begin + splitPoint(end - begin);
  const [left, right] = [
    { begin, end: middle },
    { begin: middle, end },
  ];
  if (index < middle) return [...inclusionPath(index, left), right];
  return [...inclusionPath(index, right), left];
}

/** SUBPROOF of RFC 6962; `isWhole` while the older tree is a subtree whose root is known. */
function consistencyPath(from: number, { begin, end }: LeafRange, isWhole: boolean): LeafRange[] {
  if (from === end) return isWhole ? [] : [{ begin, end }];
  const middle = begin + splitPoint(end - begin);
  const [left, right] = [
    { begin, end: middle },
    { begin: middle, end },
  ];
  if (from <= middle) return [...consistencyPath(from, left, isWhole), right];
  return [...consistencyPath(from, right, false), left];
}

/**
 * The root that an inclusion proof leads to; undefined where the index is not in a tree of this
 * size, or the proof has another length than such a proof has.
 */
export function rootFromInclusion(
  leaf: Hash,
  index: number,
  size: number,
  proof: readonly Hash[],
): Hash | undefined {
  if (!isSize(index) || !isSize(size) || index >= size) return undefined;
  let [node, last, hash] = [index, size - 1, leaf];
  for (const sibling of proof) {
    if (last === 0) return undefined;
    if (node % 2 === 1 || node === last) {
      hash = nodeHash(sibling, hash);
      while (node % 2 === 0 && node !== 0) [node, last] = [half(node), half(last)];
    } else {
      hash = nodeHash(hash, sibling);
    }
    [node, last] = [half(node), half(last)];
  }
  return last === 0 ? hash : undefined;
}

/** Whether a leaf is in a tree. */
export function verifyInclusion(
  leaf: Hash,
  index: number,
  tree: { readonly size: number; readonly root: Hash },
  proof: readonly Hash[],
): boolean {
  return rootFromInclusion(leaf, index, tree.size, proof)?.equals(tree.root) ?? false;
}

/**
 * Whether a tree begins with an older one. An empty tree is the beginning of every tree, and that
 * proof is empty.
 */
export function verifyConsistency(
  older: { readonly size: number; readonly root: Hash },
  newer: { readonly size: number; readonly root: Hash },
  proof: readonly Hash[],
): boolean {
  const [from, to] = [older.size, newer.size];
  if (!isSize(from) || !isSize(to) || from > to) return false;
  if (from === to) return proof.length === 0 && older.root.equals(newer.root);
  if (from === 0) return proof.length === 0 && older.root.equals(combine([]));
  const path = isPowerOfTwo(from) ? [older.root, ...proof] : proof;
  const [first, ...rest] = path;
  if (first === undefined) return false;
  let [node, last] = [from - 1, to - 1];
  while (node % 2 === 1) [node, last] = [half(node), half(last)];
  let [before, after] = [first, first];
  for (const sibling of rest) {
    if (last === 0) return false;
    if (node % 2 === 1 || node === last) {
      [before, after] = [nodeHash(sibling, before), nodeHash(sibling, after)];
      while (node % 2 === 0 && node !== 0) [node, last] = [half(node), half(last)];
    } else {
      after = nodeHash(after, sibling);
    }
    [node, last] = [half(node), half(last)];
  }
  return last === 0 && before.equals(older.root) && after.equals(newer.root);
}

function half(value: number): number {
  return Math.floor(value / 2);
}

function isPowerOfTwo(value: number): boolean {
  return value === 1 || splitPoint(value) * 2 === value;
}

import {
  completeSubtrees,
  EMPTY_ROOT,
  leafHash,
  nodeHash,
  proveConsistency,
  proveInclusion,
  rootAt,
  rootFromInclusion,
  TreeEdge,
  verifyConsistency,
  verifyInclusion,
} from "@countinghouse/transparency";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { logOf } from "./support/memory-log.ts";
import { merkleTreeHash } from "./support/reference.ts";
import vectors from "./vectors/transparency-dev-merkle.json" with { type: "json" };

const hex = (text: string) => Buffer.from(text, "hex");
const LARGEST = 1_100;
const log = logOf(LARGEST);

describe("the published vectors of transparency-dev/merkle", () => {
  const leaves = vectors.leaves.map((text) => leafHash(hex(text)));
  const roots = vectors.roots.map(hex);

  test("leaves and nodes hash as published", () => {
    for (const [level, nodes] of vectors.nodes.entries()) {
      for (const [i, text] of nodes.entries()) {
        const below = (vectors.nodes[level - 1] ?? []).map(hex);
        const [left, right] = [below[2 * i], below[2 * i + 1]];
        const made = level === 0 ? leaves[i] : left && right && nodeHash(left, right);
        expect(made?.toString("hex")).toBe(text);
      }
    }
  });

  test("a tree has the published root at every size", () => {
    const edge = TreeEdge.empty();
    expect(edge.root()).toEqual(roots[0]);
    for (const [i, leaf] of leaves.entries()) {
      edge.append(leaf, () => undefined);
      expect(edge.root()).toEqual(roots[i + 1]);
    }
  });

  test.each(vectors.inclusion)("inclusion of leaf $leaf in $size", ({ leaf, size, proof }) => {
    const [hash, root] = [leaves[leaf - 1] ?? EMPTY_ROOT, roots[size] ?? EMPTY_ROOT];
    const isThere = leaf > 0;
    const verified = verifyInclusion(hash, leaf - 1, { size, root }, proof.map(hex));
    expect(verified).toBe(isThere);
  });

  test.each(vectors.consistency)("consistency of $size1 and $size2", ({ size1, size2, proof }) => {
    const [older, newer] = [size1, size2].map((size) => ({
      size,
      root: roots[size] ?? EMPTY_ROOT,
    }));
    if (older === undefined || newer === undefined) throw new Error("no such vector");
    expect(verifyConsistency(older, newer, proof.map(hex))).toBe(true);
    expect(verifyConsistency(older, { ...newer, root: EMPTY_ROOT }, proof.map(hex))).toBe(false);
  });
});

test("the root is the Merkle Tree Hash of RFC 6962 at every size", () => {
  for (const size of [0, 1, 2, 3, 7, 8, 255, 256, 257, 511, 512, 513, 1_000, LARGEST]) {
    expect(log.roots[size]).toEqual(merkleTreeHash(log.leaves.slice(0, size)));
  }
});

const sizes = fc.integer({ min: 1, max: LARGEST });

test("[S45] a proof of any leaf in any tree verifies, and for nothing else", async () => {
  await fc.assert(
    fc.asyncProperty(sizes, fc.nat(), fc.nat(), async (size, at, bit) => {
      const index = at % size;
      const tree = { size, root: log.roots[size] ?? EMPTY_ROOT };
      const leaf = log.leaves[index] ?? EMPTY_ROOT;
      const proof = await proveInclusion(log.reader(size), index, size);
      expect(verifyInclusion(leaf, index, tree, proof)).toBe(true);
      expect(verifyInclusion(flipped(leaf, bit), index, tree, proof)).toBe(false);
      expect(verifyInclusion(leaf, index, { size, root: flipped(tree.root, bit) }, proof)).toBe(
        false,
      );
      for (const other of [index - 1, index + 1]) {
        expect(verifyInclusion(leaf, other, tree, proof)).toBe(false);
      }
      expect(verifyInclusion(leaf, index, tree, [...proof, leaf])).toBe(false);
      expect(verifyInclusion(leaf, index, tree, proof.slice(1))).toBe(proof.length === 0);
      const place = bit % Math.max(proof.length, 1);
      const broken = proof.map((hash, i) => (i === place ? flipped(hash, bit) : hash));
      expect(verifyInclusion(leaf, index, tree, broken)).toBe(proof.length === 0);
    }),
  );
});

test("[S45] a proof between any two trees verifies, and for no others", async () => {
  await fc.assert(
    fc.asyncProperty(sizes, fc.nat(), fc.nat(), async (to, below, bit) => {
      const from = 1 + (below % to);
      const older = { size: from, root: log.roots[from] ?? EMPTY_ROOT };
      const newer = { size: to, root: log.roots[to] ?? EMPTY_ROOT };
      const proof = await proveConsistency(log.reader(to), from, to);
      expect(verifyConsistency(older, newer, proof)).toBe(true);
      for (const root of [flipped(older.root, bit), EMPTY_ROOT]) {
        expect(verifyConsistency({ size: from, root }, newer, proof)).toBe(false);
      }
      const forged = { size: to, root: flipped(newer.root, bit) };
      expect(verifyConsistency(older, forged, proof)).toBe(false);
      expect(verifyConsistency(older, newer, [...proof, older.root])).toBe(false);
      const broken = proof.map((hash, i) => (i === bit % proof.length ? flipped(hash, bit) : hash));
      expect(verifyConsistency(older, newer, broken)).toBe(proof.length === 0);
    }),
  );
});

test("an empty tree is the beginning of every tree, with an empty proof", () => {
  const [empty, newer] = [
    { size: 0, root: EMPTY_ROOT },
    { size: 5, root: log.roots[5] ?? EMPTY_ROOT },
  ];
  expect(verifyConsistency(empty, newer, [])).toBe(true);
  expect(verifyConsistency({ ...empty, root: newer.root }, newer, [])).toBe(false);
  expect(verifyConsistency(empty, newer, [newer.root])).toBe(false);
});

test.each([
  [-1, 5],
  [5, 5],
  [0, 0],
  [0.5, 5],
  [0, Number.NaN],
])("there is no proof of leaf %d in a tree of %d", async (index, size) => {
  await expect(proveInclusion(log.reader(5), index, size)).rejects.toThrow(RangeError);
  expect(rootFromInclusion(EMPTY_ROOT, index, size, [])).toBeUndefined();
});

test.each([
  [0, 5],
  [6, 5],
  [-1, 5],
  [1.5, 5],
])("there is no proof from %d to %d", async (from, to) => {
  await expect(proveConsistency(log.reader(5), from, to)).rejects.toThrow(RangeError);
  const [older, newer] = [from, to].map((size) => ({ size, root: log.roots[5] ?? EMPTY_ROOT }));
  if (older && newer) expect(verifyConsistency(older, newer, [])).toBe(false);
});

test("a root is read from tiles at every size that was", async () => {
  for (const size of [1, 2, 255, 256, 257, 600, LARGEST]) {
    expect(await rootAt(log.reader(LARGEST), size)).toEqual(log.roots[size]);
  }
});

test("an edge that was put away goes on where it was", () => {
  fc.assert(
    fc.property(sizes, fc.integer({ min: 0, max: 300 }), (size, more) => {
      const edge = TreeEdge.empty();
      for (const leaf of log.leaves.slice(0, size)) edge.append(leaf, () => undefined);
      const again = TreeEdge.from(size, edge.partialTiles());
      const copy = edge.copy();
      for (const leaf of log.leaves.slice(size, size + more)) again.append(leaf, () => undefined);
      expect(again.root()).toEqual(log.roots[Math.min(size + more, LARGEST)]);
      expect(copy.root()).toEqual(log.roots[size]);
    }),
  );
});

test("an edge is not made of tiles of another size", () => {
  const tiles = [Buffer.alloc(32 * 3)];
  expect(() => TreeEdge.from(4, tiles)).toThrow(RangeError);
  expect(() => TreeEdge.from(-1, [])).toThrow(RangeError);
});

test("complete subtrees cover a range without gap or overlap", () => {
  fc.assert(
    fc.property(fc.nat(100_000), fc.nat(100_000), (begin, count) => {
      let at = begin;
      for (const { level, index } of completeSubtrees({ begin, end: begin + count })) {
        expect(index * 2 ** level).toBe(at);
        at += 2 ** level;
      }
      expect(at).toBe(begin + count);
    }),
  );
});

function flipped(hash: Buffer, bit: number): Buffer {
  const copy = Buffer.from(hash);
  const place = bit % (8 * copy.length);
  copy[place >> 3] = (copy[place >> 3] ?? 0) ^ (1 << (place & 7));
  return copy;
}

import {
  decodeBundle,
  ENTRY_BYTES_MAX,
  encodeBundle,
  HASH_BYTES,
  hashesFromTiles,
  parseTilePath,
  type TileRef,
  TreeEdge,
  tilePath,
  tilesOf,
  tileWidth,
} from "@countinghouse/transparency";
import fc from "fast-check";
import { expect, test } from "vitest";
import { logOf } from "./support/memory-log.ts";

test.each<[TileRef, string]>([
  [{ level: 0, index: 0, width: 256 }, "tile/0/000"],
  [{ level: 0, index: 1_234_067, width: 256 }, "tile/0/x001/x234/067"],
  [{ level: 63, index: 999, width: 1 }, "tile/63/999.p/1"],
  [{ level: "entries", index: 1_000, width: 255 }, "tile/entries/x001/000.p/255"],
])("a tile %o has the path %s", (tile, path) => {
  expect(tilePath(tile)).toBe(path);
  expect(parseTilePath(path)).toEqual(tile);
});

test.each([
  ...["", "tile", "tile/0", "tile/0/0", "tile/0/00", "tile/0/0000", "tile/64/000", "tile/00/000"],
  ...["tile/0/000.p/0", "tile/0/000.p/256", "tile/0/000.p/01", "tile/0/000.p/", "tile/0/001/000"],
  ...["tile/0/x000/000", "tile/-1/000", "tile/0/x001/x234/067/", "/tile/0/000", "tile/data/000"],
  ...["tile/0/x999/x999/x999/x999/x999/x999/000", "tile/0/000\n", "tile/entries/000.p/1000"],
])("%j is the path of no tile", (path) => {
  expect(parseTilePath(path)).toBeUndefined();
});

test("the example of the specification: a tree of 70,000 leaves", () => {
  const tiles = [...tilesOf(70_000)];
  const count = (level: number) => tiles.filter((tile) => tile.level === level);
  expect(count(0)).toHaveLength(274);
  expect(count(0).at(-1)).toEqual({ level: 0, index: 273, width: 112 });
  expect(count(1)).toEqual([
    { level: 1, index: 0, width: 256 },
    { level: 1, index: 1, width: 17 },
  ]);
  expect(count(2)).toEqual([{ level: 2, index: 0, width: 1 }]);
  expect(tiles).toHaveLength(277);
  expect([...tilesOf(256)].map(tilePath)).toEqual(["tile/0/000", "tile/1/000.p/1"]);
  expect([...tilesOf(0)]).toEqual([]);
});

test("a tile has a width in every tree, the larger the tree the wider", () => {
  fc.assert(
    fc.property(fc.nat(3), fc.nat(5_000), fc.nat(2 ** 30), (level, index, size) => {
      const [now, next] = [size, size + 1].map((s) => tileWidth({ level, index }, s));
      expect(next ?? 0).toBeGreaterThanOrEqual(now ?? 0);
      expect(now).toBeLessThanOrEqual(256);
    }),
  );
});

test("a bundle gives back its entries, and nothing that is cut off", () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 256 }), (entries) => {
      const bytes = encodeBundle(entries);
      expect(decodeBundle(bytes)).toEqual(entries.map((entry) => Buffer.from(entry)));
      const cut = decodeBundle(bytes.subarray(0, -1));
      expect(cut === undefined || bytes.length === 0).toBe(true);
    }),
  );
  expect(() => encodeBundle([Buffer.alloc(ENTRY_BYTES_MAX + 1)])).toThrow(RangeError);
  expect(decodeBundle(encodeBundle([Buffer.alloc(ENTRY_BYTES_MAX)]))?.[0]).toHaveLength(65_535);
});

test("a log's tiles are as wide as the tree says, and level 0 holds the leaves", () => {
  const log = logOf(700);
  const files = log.files(700);
  for (const tile of tilesOf(700)) {
    expect(files.get(tilePath(tile))).toHaveLength(tile.width * HASH_BYTES);
  }
  const second = files.get("tile/0/001");
  expect(second?.subarray(0, HASH_BYTES)).toEqual(log.leaves[256]);
  const bundle = files.get("tile/entries/002.p/188");
  expect(
    decodeBundle(bundle ?? Buffer.alloc(0))
      ?.at(-1)
      ?.toString(),
  ).toBe("entry 699");
});

test("a full tile comes with its root, which is its hash in the level above", () => {
  const edge = TreeEdge.empty();
  const roots: Buffer[] = [];
  for (const leaf of logOf(600).leaves) edge.append(leaf, ({ root }) => roots.push(root));
  expect(roots).toHaveLength(2);
  expect(edge.partialTile(1)).toEqual(Buffer.concat(roots));
  expect(edge.partialTile(0)).toHaveLength(88 * HASH_BYTES);
  expect(edge.partialTile(2)).toHaveLength(0);
});

test("a tile that is too short, or not of the tree, is refused", async () => {
  const short = hashesFromTiles({ readTiles: async () => [Buffer.alloc(HASH_BYTES)] }, 4);
  await expect(short.readHashes([{ level: 0, index: 1 }])).rejects.toThrow(RangeError);
  await expect(short.readHashes([{ level: 0, index: 4 }])).rejects.toThrow(RangeError);
  await expect(short.readHashes([{ level: 3, index: 0 }])).rejects.toThrow(RangeError);
});

// C2SP tlog-tiles: https://c2sp.org/tlog-tiles
import { HASH_BYTES, type Hash, nodeHash } from "./hash.ts";
import type { HashReader } from "./proofs.ts";
import { SIZE_MAX, type TreeNode } from "./subtrees.ts";

/** Hashes in a full tile, and entries in a full bundle. */
export const TILE_WIDTH = 256;
/** Levels of the tree in one level of tiles. */
export const TILE_HEIGHT = 8;
/** The largest entry that a bundle can hold. */
export const ENTRY_BYTES_MAX = 65_535;

/** A tile of hashes, or with level "entries" a bundle of entries. */
export interface TileRef {
  readonly level: number | "entries";
  readonly index: number;
  /** How many of it: TILE_WIDTH for a full one, fewer for a partial one. */
  readonly width: number;
}

/** The path of a tile below the prefix of its log: `tile/0/x001/x234/067.p/8`. */
export function tilePath({ level, index, width }: TileRef): string {
  const digits = String(index);
  const padded = digits.padStart(Math.ceil(digits.length / 3) * 3, "0");
  const steps = padded.match(/\d{3}/g) ?? [];
  const place = [...steps.slice(0, -1).map((step) => `x${step}`), steps.at(-1)].join("/");
  return `tile/${level}/${place}${width === TILE_WIDTH ? "" : `.p/${width}`}`;
}

const LEVEL = /(?:entries|0|[1-9]|[1-5][0-9]|6[0-3])/.source;
const PLACE = /(?:x[0-9]{3}\/){0,5}[0-9]{3}/.source;
const PATH = new RegExp(`^tile/(${LEVEL})/(${PLACE})(?:\\.p/([1-9][0-9]{0,2}))?$`);

/** The tile that a path names, or undefined for what is no path in its one right spelling. */
export function parseTilePath(path: string): TileRef | undefined {
  const [, level = "", place = "", partial] = PATH.exec(path) ?? [];
  const index = Number(place.replaceAll(/[x/]/g, ""));
  const width = partial === undefined ? TILE_WIDTH : Number(partial);
  if (level === "" || index > SIZE_MAX) return undefined;
  const tile = { level: level === "entries" ? level : Number(level), index, width } as const;
  return tilePath(tile) === path ? tile : undefined;
}

/**
 * The width that a tile has in a tree of so many leaves; 0 for a tile that the tree does not have.
 */
export function tileWidth(
  { level, index }: Pick<TileRef, "level" | "index">,
  size: number,
): number {
  const count = Math.floor(size / TILE_WIDTH ** (level === "entries" ? 0 : level));
  return Math.min(Math.max(count - index * TILE_WIDTH, 0), TILE_WIDTH);
}

/** All tiles of hashes of a tree, from the lowest level up. */
export function* tilesOf(size: number): Generator<TileRef> {
  for (let level = 0; Math.floor(size / TILE_WIDTH ** level) > 0; level += 1) {
    yield* tilesOfLevel(level, size);
  }
}

/** The tiles of one level, or the bundles of entries, of a tree. */
export function* tilesOfLevel(level: number | "entries", size: number): Generator<TileRef> {
  for (let index = 0; ; index += 1) {
    const width = tileWidth({ level, index }, size);
    if (width === 0) return;
    yield { level, index, width };
  }
}

/** Entries as a bundle: each after its length, two bytes, most significant first. */
export function encodeBundle(entries: readonly Uint8Array[]): Buffer {
  const bytes = Buffer.allocUnsafe(entries.reduce((sum, { length }) => sum + 2 + length, 0));
  let at = 0;
  for (const entry of entries) {
    if (entry.length > ENTRY_BYTES_MAX) throw new RangeError("an entry is too long for a bundle");
    at = bytes.writeUInt16BE(entry.length, at);
    bytes.set(entry, at);
    at += entry.length;
  }
  return bytes;
}

/** The entries of a bundle, or undefined for bytes that end within one. */
export function decodeBundle(bytes: Buffer): Buffer[] | undefined {
  const entries: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    if (at + 2 > bytes.length) return undefined;
    const end = at + 2 + bytes.readUInt16BE(at);
    if (end > bytes.length) return undefined;
    entries.push(bytes.subarray(at + 2, end));
    at = end;
  }
  return entries;
}

/** Where tiles are kept. */
export interface TileReader {
  /**
   * The hashes of these tiles, in their order, each at least as wide as asked for. Rejects when one
   * is not there.
   */
  readTiles(tiles: readonly TileRef[]): Promise<Buffer[]>;
}

/**
 * The hashes of the complete subtrees of a tree, computed from its tiles. Rejects with a RangeError
 * for a subtree that is not within the tree.
 */
export function hashesFromTiles(reader: TileReader, size: number): HashReader {
  return {
    async readHashes(nodes) {
      const places = nodes.map((node) => placeOf(node, size));
      const wanted = new Map(places.map(({ tile }) => [`${tile.level}/${tile.index}`, tile]));
      const tiles = await reader.readTiles([...wanted.values()]);
      const byName = new Map([...wanted.keys()].map((name, i) => [name, tiles[i]]));
      return places.map(({ tile, first, count }) => {
        const bytes = byName.get(`${tile.level}/${tile.index}`);
        if (bytes === undefined || bytes.length < (first + count) * HASH_BYTES) {
          throw new RangeError(`${tilePath(tile)} is too short`);
        }
        return subtreeOf(bytes, first, count);
      });
    },
  };
}

function placeOf({ level, index }: TreeNode, size: number) {
  const tileLevel = Math.floor(level / TILE_HEIGHT);
  const count = 2 ** (level % TILE_HEIGHT);
  const at = index * count;
  const tileIndex = Math.floor(at / TILE_WIDTH);
  const width = tileWidth({ level: tileLevel, index: tileIndex }, size);
  const first = at - tileIndex * TILE_WIDTH;
  if (first + count > width) throw new RangeError("no such subtree");
  return { tile: { level: tileLevel, index: tileIndex, width }, first, count };
}

/** The root over `count` hashes of a tile, a power of two of them, from the `first` on. */
function subtreeOf(tile: Buffer, first: number, count: number): Hash {
  if (count === 1) return tile.subarray(first * HASH_BYTES, (first + 1) * HASH_BYTES);
  const half = count / 2;
  return nodeHash(subtreeOf(tile, first, half), subtreeOf(tile, first + half, half));
}

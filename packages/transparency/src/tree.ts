import { HASH_BYTES, type Hash, nodeHash } from "./hash.ts";
import { combine, completeSubtrees, isSize } from "./subtrees.ts";
import { TILE_HEIGHT, TILE_WIDTH, type TileRef, tileWidth } from "./tiles.ts";

/** A tile that has become full and never changes again. */
export interface FullTile {
  readonly level: number;
  readonly index: number;
  /** TILE_WIDTH hashes. */
  readonly hashes: Buffer;
  /** Their root: the hash that this tile is in the level above. */
  readonly root: Hash;
}

/**
 * The right edge of a growing tree: all that is needed to append to it. It holds one unfinished
 * tile of each level, so its memory grows with the logarithm of the size.
 */
export class TreeEdge {
  #size: number;
  /** The unfinished tile of each level, as many hashes as it has so far. */
  readonly #tiles: Hash[][];
  /** The roots of the complete subtrees of the whole tree, from left to right. */
  readonly #peaks: Hash[];

  private constructor(size: number, tiles: Hash[][], peaks: Hash[]) {
    this.#size = size;
    this.#tiles = tiles;
    this.#peaks = peaks;
  }

  static empty(): TreeEdge {
    return new TreeEdge(0, [], []);
  }

  /**
   * The edge of a tree of so many leaves from its unfinished tiles, level 0 first. Throws a
   * RangeError when they are not as wide as the size says.
   */
  static from(size: number, partialTiles: readonly Uint8Array[]): TreeEdge {
    if (!isSize(size)) throw new RangeError("no size of a tree");
    const tiles = partialTiles.map((bytes) => hashesOf(Buffer.from(bytes)));
    for (const [level, { width }] of partialsOf(size).entries()) {
      if ((tiles[level]?.length ?? 0) !== width) throw new RangeError("a tile has another width");
    }
    const levels = tiles.map((hashes) => peaksOf(hashes));
    return new TreeEdge(size, tiles, levels.toReversed().flat());
  }

  get size(): number {
    return this.#size;
  }

  /** Appends a leaf. The tiles that it has made full are given to `onTile`, lowest first. */
  append(leaf: Hash, onTile: (tile: FullTile) => void): void {
    let [hash, count, level] = [leaf, this.#size, 0];
    this.#size += 1;
    this.#put(0, hash);
    while (count % 2 === 1) {
      const left = this.#peaks.pop();
      if (left === undefined) throw new Error("a peak is missing");
      hash = nodeHash(left, hash);
      count = Math.floor(count / 2);
      level += 1;
      if (level % TILE_HEIGHT !== 0) continue;
      onTile(this.#finish(level / TILE_HEIGHT - 1, hash));
      this.#put(level / TILE_HEIGHT, hash);
    }
    this.#peaks.push(hash);
  }

  root(): Hash {
    return combine(this.#peaks);
  }

  /** The unfinished tiles, level 0 first: what `from` takes. */
  partialTiles(): Buffer[] {
    return this.#tiles.map((hashes) => Buffer.concat(hashes));
  }

  /** The unfinished tile of one level. */
  partialTile(level: number): Buffer {
    return Buffer.concat(this.#tiles[level] ?? []);
  }

  /** A copy that grows by itself. */
  copy(): TreeEdge {
    const tiles = this.#tiles.map((hashes) => [...hashes]);
    return new TreeEdge(this.#size, tiles, [...this.#peaks]);
  }

  #put(level: number, hash: Hash): void {
    this.#tiles[level] ??= [];
    this.#tiles[level].push(hash);
  }

  #finish(level: number, root: Hash): FullTile {
    const hashes = Buffer.concat(this.#tiles[level] ?? []);
    this.#tiles[level] = [];
    const index = Math.floor(this.#size / TILE_WIDTH ** (level + 1)) - 1;
    return { level, index, hashes, root };
  }
}

/** The unfinished tile of each level of a tree, level 0 first; some have no hash at all. */
export function partialsOf(size: number): TileRef[] {
  const tiles: TileRef[] = [];
  for (let level = 0; Math.floor(size / TILE_WIDTH ** level) > 0; level += 1) {
    const index = Math.floor(size / TILE_WIDTH ** (level + 1));
    tiles.push({ level, index, width: tileWidth({ level, index }, size) });
  }
  return tiles;
}

function hashesOf(tile: Buffer): Hash[] {
  const count = Math.floor(tile.length / HASH_BYTES);
  return Array.from({ length: count }, (_, i) => {
    return tile.subarray(i * HASH_BYTES, (i + 1) * HASH_BYTES);
  });
}

/** The roots of the complete subtrees over the hashes of an unfinished tile. */
function peaksOf(hashes: readonly Hash[]): Hash[] {
  return completeSubtrees({ begin: 0, end: hashes.length }).map(({ level, index }) => {
    const width = 2 ** level;
    return perfectRoot(hashes.slice(index * width, (index + 1) * width));
  });
}

function perfectRoot(hashes: readonly Hash[]): Hash {
  const [only] = hashes;
  if (hashes.length === 1 && only !== undefined) return only;
  const half = hashes.length / 2;
  return nodeHash(perfectRoot(hashes.slice(0, half)), perfectRoot(hashes.slice(half)));
}

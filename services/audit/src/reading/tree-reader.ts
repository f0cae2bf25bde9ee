import {
  HASH_BYTES,
  type HashReader,
  hashesFromTiles,
  TILE_WIDTH,
  type TileRef,
  type TreeEdge,
} from "@countinghouse/transparency";
import type { TreeStore } from "../store/tree-store.ts";

/** Full tiles kept in memory, 8 KB each: enough for the upper levels of many ledgers. */
const CACHED_TILES_MAX = 1_024;

/** A tree as it is at one moment: a ledger and its edge. */
export interface TreeView {
  readonly ledger: number;
  readonly edge: TreeEdge;
}

/** The hashes of trees, from the database and from the edge. */
export interface TreeReader {
  /** The hashes of a tree's complete subtrees, for a proof within `size` leaves. */
  hashes(tree: TreeView, size: number): HashReader;
  /** The bytes of a tile of hashes, as many as its width; undefined where it is not there. */
  tile(tree: TreeView, tile: TileRef & { readonly level: number }): Promise<Buffer | undefined>;
}

export function createTreeReader(store: Pick<TreeStore, "fullTile">): TreeReader {
  const cached = new Map<string, Buffer>();

  async function fullTile(ledger: number, level: number, index: number) {
    const name = `${ledger}/${level}/${index}`;
    const hit = cached.get(name);
    cached.delete(name);
    const bytes = hit ?? (await store.fullTile(ledger, level, index));
    if (bytes === undefined) return undefined;
    cached.set(name, bytes);
    const [oldest] = cached.keys();
    if (cached.size > CACHED_TILES_MAX && oldest !== undefined) cached.delete(oldest);
    return bytes;
  }

  async function atLeast(
    { ledger, edge }: TreeView,
    level: number,
    index: number,
  ): Promise<Buffer | undefined> {
    const unfinished = Math.floor(edge.size / TILE_WIDTH ** (level + 1));
    if (index === unfinished) return edge.partialTile(level);
    return fullTile(ledger, level, index);
  }

  return {
    hashes(tree, size) {
      const readTiles = async (tiles: readonly TileRef[]) => {
        const found = tiles.map(({ level, index }) => atLeast(tree, Number(level), index));
        return (await Promise.all(found)).map((bytes) => bytes ?? Buffer.alloc(0));
      };
      return hashesFromTiles({ readTiles }, size);
    },
    async tile(tree, { level, index, width }) {
      const bytes = await atLeast(tree, level, index);
      const length = width * HASH_BYTES;
      return bytes === undefined || bytes.length < length ? undefined : bytes.subarray(0, length);
    },
  };
}

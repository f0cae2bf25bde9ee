import {
  encodeBundle,
  type Hash,
  type HashReader,
  hashesFromTiles,
  leafHash,
  TILE_WIDTH,
  TreeEdge,
  tilePath,
  tilesOf,
  tilesOfLevel,
} from "@countinghouse/transparency";

/** A log in memory, kept as a server keeps it: full tiles, and the edge. */
export class MemoryLog {
  readonly edge = TreeEdge.empty();
  readonly leaves: Hash[] = [];
  readonly roots: Hash[] = [this.edge.root()];
  readonly #entries: Buffer[] = [];
  readonly #full = new Map<string, Buffer>();

  append(entry: Buffer): void {
    const leaf = leafHash(entry);
    this.#entries.push(entry);
    this.leaves.push(leaf);
    this.edge.append(leaf, ({ level, index, hashes }) => {
      this.#full.set(tilePath({ level, index, width: TILE_WIDTH }), hashes);
    });
    this.roots.push(this.edge.root());
  }

  /** Every file of the log by its path, for a tree of so many leaves. */
  files(size: number): Map<string, Buffer> {
    const files = new Map<string, Buffer>();
    const edge = TreeEdge.empty();
    for (const leaf of this.leaves.slice(0, size)) edge.append(leaf, () => undefined);
    for (const tile of tilesOf(size)) {
      const full = this.#full.get(tilePath({ ...tile, width: TILE_WIDTH }));
      const partial = edge.partialTiles()[tile.level as number] ?? Buffer.alloc(0);
      files.set(tilePath(tile), tile.width === TILE_WIDTH && full ? full : partial);
    }
    for (const bundle of tilesOfLevel("entries", size)) {
      const begin = bundle.index * TILE_WIDTH;
      const entries = this.#entries.slice(begin, begin + bundle.width);
      files.set(tilePath(bundle), encodeBundle(entries));
    }
    return files;
  }

  reader(size: number): HashReader {
    const files = this.files(size);
    return hashesFromTiles(
      {
        async readTiles(tiles) {
          return tiles.map((tile) => files.get(tilePath(tile)) ?? Buffer.alloc(0));
        },
      },
      size,
    );
  }
}

/** A log of so many short entries. */
export function logOf(size: number): MemoryLog {
  const log = new MemoryLog();
  for (let i = 0; i < size; i += 1) log.append(Buffer.from(`entry ${i}`));
  return log;
}

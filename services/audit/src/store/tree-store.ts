import { promisify } from "node:util";
import { zstdDecompress } from "node:zlib";
import {
  decodeBundle,
  type Hash,
  leafHash,
  partialsOf,
  TILE_WIDTH,
  TreeEdge,
} from "@countinghouse/transparency";
import type { Database } from "../tables.ts";
import { append } from "./append.ts";
import { BrokenTreeError, type Growth } from "./growth.ts";

/** The trees in the database: tiles and bundles that never change, and the entries after them. */
export interface TreeStore {
  /** Begins an empty tree with its first checkpoint, unless there is one. */
  begin(ledger: number, root: Hash, note: string): Promise<void>;
  /**
   * The edge of a tree, undefined where there is none. Throws a BrokenTreeError when its pieces do
   * not make the root that is stored with them.
   */
  loadEdge(ledger: number): Promise<TreeEdge | undefined>;
  /** Stores all of it or nothing. Throws a TreeMovedError. */
  append(growth: Growth): Promise<void>;
  /** The hashes of a full tile, undefined where it is not stored. */
  fullTile(ledger: number, level: number, index: number): Promise<Buffer | undefined>;
  /** The first `width` entries of a bundle; fewer where they are not stored. */
  entries(ledger: number, bundle: number, width: number): Promise<Buffer[]>;
  /** The signed checkpoint of a size, and of the largest size. */
  checkpoint(ledger: number, size: number): Promise<string | undefined>;
  newestCheckpoint(ledger: number): Promise<string | undefined>;
}

const decompress = promisify(zstdDecompress);

export function createTreeStore(db: Database): TreeStore {
  return {
    async begin(ledger, root, note) {
      await db.transaction().execute(async (tx) => {
        const row = { ledger, size: "0", root };
        const fresh = await tx
          .insertInto("trees")
          .values(row)
          .onConflict((conflict) => conflict.doNothing())
          .executeTakeFirst();
        if (fresh.numInsertedOrUpdatedRows !== 1n) return;
        await tx.insertInto("checkpoints").values({ ledger, size: "0", note }).execute();
      });
    },
    loadEdge: (ledger) => loadEdge(db, ledger),
    append: (growth) => append(db, growth),
    async fullTile(ledger, level, index) {
      const row = await db
        .selectFrom("tiles")
        .select("hashes")
        .where("ledger", "=", ledger)
        .where("level", "=", level)
        .where("index", "=", String(index))
        .executeTakeFirst();
      return row?.hashes;
    },
    async entries(ledger, bundle, width) {
      const row = await db
        .selectFrom("bundles")
        .select("bytes")
        .where("ledger", "=", ledger)
        .where("index", "=", String(bundle))
        .executeTakeFirst();
      if (row === undefined) return tailOf(db, ledger, bundle * TILE_WIDTH, width);
      return decodeBundle(await decompress(row.bytes))?.slice(0, width) ?? [];
    },
    async checkpoint(ledger, size) {
      const row = await db
        .selectFrom("checkpoints")
        .select("note")
        .where("ledger", "=", ledger)
        .where("size", "=", String(size))
        .executeTakeFirst();
      return row?.note;
    },
    async newestCheckpoint(ledger) {
      const row = await db
        .selectFrom("checkpoints")
        .select("note")
        .where("ledger", "=", ledger)
        .orderBy("size", "desc")
        .limit(1)
        .executeTakeFirst();
      return row?.note;
    },
  };
}

/** The entries after a position that no bundle holds. */
async function tailOf(
  db: Database,
  ledger: number,
  after: number,
  limit: number,
): Promise<Buffer[]> {
  const rows = await db
    .selectFrom("tail")
    .select("entry")
    .where("ledger", "=", ledger)
    .where("position", ">", String(after))
    .orderBy("position")
    .limit(limit)
    .execute();
  return rows.map(({ entry }) => entry);
}

/** At most 255 rows of each level are read, however large the tree is. */
async function loadEdge(db: Database, ledger: number): Promise<TreeEdge | undefined> {
  const tree = await db
    .selectFrom("trees")
    .select(["size", "root"])
    .where("ledger", "=", ledger)
    .executeTakeFirst();
  if (tree === undefined) return undefined;
  const size = Number(tree.size);
  const tiles: Buffer[] = [];
  for (const { level, index, width } of partialsOf(size)) {
    const first = index * TILE_WIDTH;
    if (level === 0) {
      const entries = await tailOf(db, ledger, first, width);
      tiles.push(Buffer.concat(entries.map((entry) => leafHash(entry))));
    } else {
      tiles.push(Buffer.concat(await rootsOf(db, ledger, Number(level) - 1, first, width)));
    }
  }
  const edge = edgeOf(size, tiles);
  if (edge === undefined || !edge.root().equals(tree.root)) {
    throw new BrokenTreeError(`the tree of ledger ${ledger} has another root than is stored`);
  }
  return edge;
}

function edgeOf(size: number, tiles: readonly Buffer[]): TreeEdge | undefined {
  try {
    return TreeEdge.from(size, tiles);
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

async function rootsOf(
  db: Database,
  ledger: number,
  level: number,
  first: number,
  count: number,
): Promise<Hash[]> {
  const rows = await db
    .selectFrom("tiles")
    .select("root")
    .where("ledger", "=", ledger)
    .where("level", "=", level)
    .where("index", ">=", String(first))
    .where("index", "<", String(first + count))
    .orderBy("index")
    .execute();
  return rows.map(({ root }) => root);
}

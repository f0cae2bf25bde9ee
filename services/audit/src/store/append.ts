import { promisify } from "node:util";
import { constants, zstdCompress } from "node:zlib";
import { encodeBundle, TILE_WIDTH } from "@countinghouse/transparency";
import type { Transaction } from "kysely";
import type { Database, Tables } from "../tables.ts";
import { type Growth, TreeMovedError } from "./growth.ts";

const compress = promisify(zstdCompress);
/** Twice as fast as the usual level, and JSON gets as small as it needs to be. */
const COMPRESSION = { params: { [constants.ZSTD_c_compressionLevel]: 1 } };

type Tx = Transaction<Tables>;

/** Stores what a tree has grown by, in one transaction. Throws a TreeMovedError. */
export async function append(db: Database, growth: Growth): Promise<void> {
  const { ledger, to, tiles, note } = growth;
  await db.transaction().execute(async (tx) => {
    await grow(tx, growth);
    await storeEntries(tx, growth);
    if (tiles.length > 0) {
      const rows = tiles.map((tile) => ({ ...tile, ledger, index: String(tile.index) }));
      await tx.insertInto("tiles").values(rows).execute();
    }
    if (note === undefined) return;
    await tx
      .insertInto("checkpoints")
      .values({ ledger, size: String(to.size), note })
      .execute();
  });
}

/** The row's lock makes processes that seal the same ledger do so one after the other. */
async function grow(tx: Tx, { ledger, from, to }: Growth): Promise<void> {
  const { numUpdatedRows } = await tx
    .updateTable("trees")
    .set({ size: String(to.size), root: to.root })
    .where("ledger", "=", ledger)
    .where("size", "=", String(from.size))
    .where("root", "=", from.root)
    .executeTakeFirst();
  if (numUpdatedRows !== 1n) throw new TreeMovedError(`ledger ${ledger} is not at ${from.size}`);
}

/** Bundles that have become full leave the tail; what is after them goes there. */
async function storeEntries(tx: Tx, { ledger, from, to, entries }: Growth): Promise<void> {
  const fullBefore = Math.floor(from.size / TILE_WIDTH);
  const fullAfter = Math.floor(to.size / TILE_WIDTH);
  const end = fullAfter * TILE_WIDTH;
  if (fullAfter > fullBefore) {
    const taken = await takeTail(tx, ledger);
    const all = [...taken, ...entries];
    const first = from.size - taken.length;
    const bundles = [];
    for (let index = fullBefore; index < fullAfter; index += 1) {
      const begin = index * TILE_WIDTH - first;
      // One after another: each compressor is a megabyte to set up, many at once are slower.
      const bytes = await compress(encodeBundle(all.slice(begin, begin + TILE_WIDTH)), COMPRESSION);
      bundles.push({ ledger, index: String(index), bytes });
    }
    await tx.insertInto("bundles").values(bundles).execute();
  }
  const begin = Math.max(end - from.size, 0);
  const rest = entries.slice(begin).map((entry, i) => {
    return { ledger, position: String(from.size + begin + i + 1), entry };
  });
  if (rest.length > 0) await tx.insertInto("tail").values(rest).execute();
}

async function takeTail(tx: Tx, ledger: number): Promise<Buffer[]> {
  const rows = await tx
    .deleteFrom("tail")
    .where("ledger", "=", ledger)
    .returning(["position", "entry"])
    .execute();
  return rows.sort((a, b) => Number(a.position) - Number(b.position)).map(({ entry }) => entry);
}

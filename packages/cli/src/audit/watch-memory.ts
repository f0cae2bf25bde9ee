import { readFile, rename, writeFile } from "node:fs/promises";
import { type Checkpoint, HASH_BYTES, type Hash, TreeEdge } from "@countinghouse/transparency";
import { CliError } from "../cli-error.ts";

const FORMAT = "countinghouse-audit-watch/v1";

/** What a monitor knows of a log: the last checkpoint, and the root of every 256 leaves. */
export interface Memory {
  readonly checkpoint: string | undefined;
  readonly edge: TreeEdge;
  /** Takes in what was found sound. `tiles`: the roots of the tiles that have become full. */
  take(checkpoint: Checkpoint, edge: TreeEdge, tiles: readonly Hash[]): void;
  /** Whether these leaves are the ones of a tile, or of the unfinished one at the end. */
  isTile(index: number, leaves: readonly Hash[]): boolean;
  /** Keeps it for the next start, where there is a file for it. */
  save(): Promise<void>;
}

interface Saved {
  readonly format: typeof FORMAT;
  readonly checkpoint: string;
  readonly size: number;
  readonly partials: readonly string[];
  readonly tiles: string;
}

/** Reads what an earlier watch has left in a file, where there is one. Throws a CliError. */
export async function openMemory(path: string | undefined): Promise<Memory> {
  const saved = path === undefined ? undefined : await load(path);
  let checkpoint = saved?.checkpoint;
  let edge = saved === undefined ? TreeEdge.empty() : edgeOf(saved);
  let tiles = Buffer.from(saved?.tiles ?? "", "base64");
  return {
    get checkpoint() {
      return checkpoint;
    },
    get edge() {
      return edge;
    },
    take(next, grown, more) {
      [checkpoint, edge] = [next.note, grown];
      tiles = Buffer.concat([tiles, ...more]);
    },
    isTile(index, leaves) {
      const known = tiles.subarray(index * HASH_BYTES, (index + 1) * HASH_BYTES);
      if (known.length === 0) return Buffer.concat([...leaves]).equals(edge.partialTile(0));
      const own = TreeEdge.empty();
      for (const leaf of leaves) own.append(leaf, () => undefined);
      return own.root().equals(known);
    },
    async save() {
      if (path === undefined || checkpoint === undefined) return;
      const partials = edge.partialTiles().map((tile) => tile.toString("base64"));
      const { size } = edge;
      const memory: Saved = {
        ...{ format: FORMAT, checkpoint, size, partials },
        tiles: tiles.toString("base64"),
      };
      await writeFile(`${path}.unfinished`, JSON.stringify(memory));
      await rename(`${path}.unfinished`, path);
    },
  };
}

async function load(path: string): Promise<Saved | undefined> {
  try {
    const saved = JSON.parse(await readFile(path, "utf8")) as Saved;
    if (saved.format === FORMAT) return saved;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") return undefined;
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw new CliError(`${path} is no memory of a watch.`);
}

function edgeOf({ size, partials }: Saved): TreeEdge {
  const tiles = partials.map((tile) => Buffer.from(tile, "base64"));
  return TreeEdge.from(size, tiles);
}

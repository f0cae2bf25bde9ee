import type { Envelope } from "@countinghouse/contracts";
import {
  canonicalJson,
  decodeBundle,
  ENTRY_BYTES_MAX,
  encodeBundle,
  HASH_BYTES,
  leafHash,
  TILE_WIDTH,
  TreeEdge,
  tilePath,
  tilesOf,
  tilesOfLevel,
  tileWidth,
} from "@countinghouse/transparency";
import { CliError } from "../cli-error.ts";
import type { Bank } from "./bank.ts";
import type { BundleFolder } from "./folder.ts";

/** Lines of the log that one request brings: as many as the bank gives. */
const PAGE_EVENTS = 10_000;

/** From where to where, and whom to tell how far it is. */
export interface EntriesExport {
  readonly bank: Bank;
  readonly folder: BundleFolder;
  readonly onProgress: (events: number, size: number) => void;
}

/** All tiles but the full ones of leaves, which nearly always follow from the events. */
export async function exportTiles({ bank, folder }: EntriesExport, size: number): Promise<void> {
  for (const tile of tilesOf(size)) {
    if (tile.level === 0 && tile.width === TILE_WIDTH) continue;
    const path = tilePath(tile);
    if (!(await folder.has(path))) await fetchTile(bank, folder, path);
  }
}

async function fetchTile(bank: Bank, folder: BundleFolder, path: string): Promise<void> {
  const bytes = await bank.tile(path);
  if (bytes === undefined) throw new CliError(`The bank has no ${path}, which it has signed for.`);
  await folder.write(path, bytes);
}

/** Writes the events in the order of the log, and gives how many of them there are. */
export async function exportEntries(options: EntriesExport, size: number): Promise<number> {
  const { bank, folder, onProgress } = options;
  let { count, after } = await alreadyThere(folder, size);
  let waiting: Buffer[] = [];
  onProgress(count, size);
  while (count < size) {
    const limit = Math.min(PAGE_EVENTS, size - count - waiting.length);
    const lines = limit === 0 ? [] : await bank.events({ after, limit });
    waiting.push(...lines.map(entryOf));
    after = positionOf(lines.at(-1)) ?? after + lines.length;
    const isEnd = lines.length < limit || waiting.length >= size - count;
    while (waiting.length >= TILE_WIDTH || (isEnd && waiting.length > 0)) {
      const index = Math.floor(count / TILE_WIDTH);
      const entries = waiting.slice(0, TILE_WIDTH);
      await writeEntries(options, index, entries, size);
      waiting = waiting.slice(TILE_WIDTH);
      count += entries.length;
      onProgress(count, size);
    }
    if (isEnd) break;
  }
  await exportLeavesAfter(options, count, size);
  return count;
}

/** Full bundles are written one after another, so the first that is missing is where to go on. */
async function alreadyThere(
  folder: BundleFolder,
  size: number,
): Promise<{ count: number; after: number }> {
  let last: Buffer | undefined;
  let count = 0;
  for (const { index, width } of tilesOfLevel("entries", size)) {
    if (width < TILE_WIDTH) break;
    const bytes = await folder.read(tilePath({ level: "entries", index, width }));
    const isLeaves = await folder.has(tilePath({ level: 0, index, width }));
    const entries = bytes && decodeBundle(bytes);
    if (entries?.length !== TILE_WIDTH || !isLeaves) break;
    last = entries.at(-1);
    count += TILE_WIDTH;
  }
  return { count, after: positionOf(last?.toString()) ?? count };
}

async function writeEntries(
  { bank, folder }: EntriesExport,
  index: number,
  entries: readonly Buffer[],
  size: number,
): Promise<void> {
  const width = tileWidth({ level: 0, index }, size);
  if (width === TILE_WIDTH) {
    const path = tilePath({ level: 0, index, width });
    const leaves = await leavesOf(folder, index, entries, size);
    if (leaves === undefined) await fetchTile(bank, folder, path);
    else await folder.write(path, leaves);
  }
  await folder.write(tilePath({ level: "entries", index, width }), encodeBundle(entries));
}

/**
 * The tile of these events' leaves, where it has the root that the level above has for it: then it
 * is the very tile that the bank has. Undefined where it is another.
 */
async function leavesOf(
  folder: BundleFolder,
  index: number,
  entries: readonly Buffer[],
  size: number,
): Promise<Buffer | undefined> {
  if (entries.length < TILE_WIDTH) return undefined;
  const above = { level: 1, index: Math.floor(index / TILE_WIDTH) };
  const upper = await folder.read(tilePath({ ...above, width: tileWidth(above, size) }));
  const first = (index % TILE_WIDTH) * HASH_BYTES;
  const edge = TreeEdge.empty();
  let leaves: Buffer | undefined;
  for (const entry of entries) {
    edge.append(leafHash(entry), ({ hashes, root }) => {
      const isSame = upper?.subarray(first, first + HASH_BYTES).equals(root);
      if (isSame) leaves = hashes;
    });
  }
  return leaves;
}

/** Where the log ends too early, bundles are cut off or empty; the tiles say what is missing. */
async function exportLeavesAfter(
  { bank, folder }: EntriesExport,
  count: number,
  size: number,
): Promise<void> {
  for (let index = Math.floor(count / TILE_WIDTH); index * TILE_WIDTH < size; index += 1) {
    const width = tileWidth({ level: 0, index }, size);
    const path = tilePath({ level: 0, index, width });
    if (!(await folder.has(path))) await fetchTile(bank, folder, path);
    if (index * TILE_WIDTH < count) continue;
    await folder.write(tilePath({ level: "entries", index, width }), "");
  }
}

/** The bytes that are the leaf of an event; what is no event is exported as it is. */
function entryOf(line: string): Buffer {
  return Buffer.from(canonicalOf(line)).subarray(0, ENTRY_BYTES_MAX);
}

function canonicalOf(line: string): string {
  try {
    return canonicalJson(JSON.parse(line));
  } catch {
    return line;
  }
}

function positionOf(line: string | undefined): number | undefined {
  const position = eventOf(Buffer.from(line ?? ""))?.position;
  return Number.isSafeInteger(position) ? position : undefined;
}

/** The event of an entry; undefined for what is none. */
export function eventOf(entry: Buffer): Partial<Envelope> | undefined {
  try {
    return JSON.parse(entry.toString()) as Partial<Envelope>;
  } catch {
    return undefined;
  }
}

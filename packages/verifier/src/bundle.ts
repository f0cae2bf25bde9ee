import type { Account } from "@countinghouse/contracts";
import {
  type Checkpoint,
  decodeBundle,
  HASH_BYTES,
  isSize,
  MalformedError,
  openCheckpoint,
  parseCheckpoint,
  parseVerifierKey,
  SignatureError,
  TILE_WIDTH,
  tilePath,
  tileWidth,
  type VerifierKey,
} from "@countinghouse/transparency";
import type { Finding } from "./findings.ts";

/** The name of the format, in the manifest of a bundle. */
export const BUNDLE_FORMAT = "countinghouse-audit-bundle/v1";

/** The files of a bundle: a C2SP tiled log, with what is needed to check it. */
export const BUNDLE_FILES = {
  manifest: "manifest.json",
  key: "key",
  checkpoint: "checkpoint",
  /** Accounts as the read side showed them, one a line; there may be none. */
  accounts: "accounts.ndjson",
} as const;

/** Where a bundle keeps the checkpoint of a size that it was once exported for. */
export function checkpointPath(size: number): string {
  return `checkpoints/${size}`;
}

/** What a bundle says of itself. */
export interface Manifest {
  readonly format: typeof BUNDLE_FORMAT;
  readonly ledger: number;
  readonly size: number;
  /** The sizes that the bundle was exported for, each with its checkpoint; the last is `size`. */
  readonly checkpoints?: readonly number[];
}

/** Where the files of a bundle are; undefined for one that is not there. */
export type ReadFile = (path: string) => Promise<Buffer | undefined>;

/** What stands at the front of a bundle. */
export interface BundleHead {
  readonly ledger: number;
  readonly key: VerifierKey;
  readonly checkpoint: Checkpoint;
  /** The checkpoints of earlier exports, by their files. */
  readonly earlier: ReadonlyMap<string, Checkpoint>;
}

/** Reads and checks the small files; undefined when nothing further can be checked. */
export async function readHead(
  read: ReadFile,
  report: (finding: Finding) => void,
): Promise<BundleHead | undefined> {
  const malformed = (about: string) => report({ code: "malformed_file", about });
  const files = [BUNDLE_FILES.manifest, BUNDLE_FILES.key, BUNDLE_FILES.checkpoint];
  const [manifest, key, note] = await Promise.all(files.map(read));
  const parsed = manifestOf(manifest);
  if (parsed === undefined) malformed(BUNDLE_FILES.manifest);
  const verifierKey = attempt(() => parseVerifierKey(String(key ?? "").trimEnd()));
  if (verifierKey === undefined) malformed(BUNDLE_FILES.key);
  const checkpoint = attempt(() => parseCheckpoint(String(note ?? "")));
  if (checkpoint === undefined) malformed(BUNDLE_FILES.checkpoint);
  if (parsed === undefined || verifierKey === undefined || checkpoint === undefined) {
    return undefined;
  }
  if (parsed.size !== checkpoint.size) malformed(`${BUNDLE_FILES.manifest}: another size`);
  if (verifierKey.name !== checkpoint.origin) {
    report({ code: "another_log", about: `${checkpoint.origin}, not ${verifierKey.name}` });
  }
  checkSignature(checkpoint, verifierKey, BUNDLE_FILES.checkpoint, report);
  const earlier = await readEarlier(read, parsed, verifierKey, report);
  return { ledger: parsed.ledger, key: verifierKey, checkpoint, earlier };
}

async function readEarlier(
  read: ReadFile,
  { size, checkpoints = [] }: Manifest,
  key: VerifierKey,
  report: (finding: Finding) => void,
): Promise<Map<string, Checkpoint>> {
  const earlier = new Map<string, Checkpoint>();
  for (const wanted of checkpoints) {
    const path = checkpointPath(wanted);
    const note = String((await read(path)) ?? "");
    const checkpoint = attempt(() => parseCheckpoint(note));
    if (checkpoint === undefined || checkpoint.size !== wanted || wanted > size) {
      report({ code: "malformed_file", about: path });
      continue;
    }
    checkSignature(checkpoint, key, path, report);
    earlier.set(path, checkpoint);
  }
  return earlier;
}

/** Reports a checkpoint that the key has not signed. */
export function checkSignature(
  { note }: Checkpoint,
  key: VerifierKey,
  about: string,
  report: (finding: Finding) => void,
): void {
  try {
    openCheckpoint(note, [key]);
  } catch (error) {
    if (!(error instanceof SignatureError || error instanceof MalformedError)) throw error;
    report({ code: "bad_signature", about });
  }
}

function manifestOf(bytes: Buffer | undefined): Manifest | undefined {
  const value = attempt(() => JSON.parse(String(bytes ?? "")) as Partial<Manifest>);
  const { format, ledger, size, checkpoints = [] } = value ?? {};
  const numbers: unknown[] = Array.isArray(checkpoints) ? [ledger, size, ...checkpoints] : [""];
  const isWhole = numbers.every((number) => typeof number === "number" && isSize(number));
  if (format !== BUNDLE_FORMAT || !isWhole) return undefined;
  return value as Manifest;
}

function attempt<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    if (error instanceof MalformedError || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** The accounts that the read side showed; none where the bundle has no such file. */
export async function readClaims(
  read: ReadFile,
  report: (finding: Finding) => void,
): Promise<Account[]> {
  const bytes = await read(BUNDLE_FILES.accounts);
  if (bytes === undefined) return [];
  const lines = bytes.toString().split("\n").slice(0, -1);
  const accounts = attempt(() => lines.map((line) => JSON.parse(line) as Account));
  if (accounts === undefined) report({ code: "malformed_file", about: BUNDLE_FILES.accounts });
  return accounts ?? [];
}

/** 256 events of a bundle, or fewer at its end, and the hashes that the tile has for them. */
export interface Chunk {
  /** How many there have to be. */
  readonly width: number;
  /** Undefined where the file is missing or is no bundle. */
  readonly entries: readonly Buffer[] | undefined;
  /** 32 bytes for each leaf; undefined where the tile is missing or has another size. */
  readonly leaves: Buffer | undefined;
}

/** The events of a bundle from first to last, as far as the checkpoint goes. */
export async function* readChunks(
  read: ReadFile,
  size: number,
  report: (finding: Finding) => void,
): AsyncGenerator<Chunk> {
  const count = Math.ceil(size / TILE_WIDTH);
  // The next files are on their way while these are looked at.
  let next = ahead(read, 0, size);
  for (let index = 0; index < count; index += 1) {
    const { width, bundle, leaf } = await next;
    if (index + 1 < count) next = ahead(read, index + 1, size);
    const entries = bundle.bytes && decodeBundle(bundle.bytes);
    const leaves = leaf.bytes?.length === width * HASH_BYTES ? leaf.bytes : undefined;
    const position = index * TILE_WIDTH + 1;
    if (entries === undefined) report({ code: "malformed_file", position, about: bundle.path });
    if (leaves === undefined) report({ code: "malformed_file", position, about: leaf.path });
    yield { width, entries, leaves };
  }
}

/** What fails is told when it is waited for. */
function ahead(read: ReadFile, index: number, size: number): ReturnType<typeof readFiles> {
  const files = readFiles(read, index, size);
  files.catch(() => undefined);
  return files;
}

async function readFiles(read: ReadFile, index: number, size: number) {
  const width = tileWidth({ level: 0, index }, size);
  const paths = (["entries", 0] as const).map((level) => tilePath({ level, index, width }));
  const [bundlePath = "", leafPath = ""] = paths;
  const [bundle, leaf] = await Promise.all([read(bundlePath), read(leafPath)]);
  return {
    width,
    bundle: { path: bundlePath, bytes: bundle },
    leaf: { path: leafPath, bytes: leaf },
  };
}

import { readdir } from "node:fs/promises";
import type { Account } from "@countinghouse/contracts";
import {
  type Checkpoint,
  decodeBundle,
  formatVerifierKey,
  openCheckpoint,
  TILE_WIDTH,
  tilePath,
  tilesOf,
  tilesOfLevel,
  tileWidth,
  type VerifierKey,
} from "@countinghouse/transparency";
import {
  BUNDLE_FILES,
  BUNDLE_FORMAT,
  checkpointPath,
  type Manifest,
} from "@countinghouse/verifier";
import { CliError } from "../cli-error.ts";
import type { Bank } from "./bank.ts";
import { conflictOf } from "./conflict.ts";
import { type EntriesExport, eventOf, exportEntries, exportTiles } from "./export-entries.ts";
import type { BundleFolder } from "./folder.ts";

/** The checkpoint that is being exported for, while it is. */
const UNFINISHED = "checkpoint.unfinished";

export interface ExportOptions extends EntriesExport {
  /** Also the accounts as the bank shows them, to be compared with the fold. */
  readonly withAccounts: boolean;
}

export interface Exported {
  readonly checkpoint: Checkpoint;
  /** Events of the log that were not there, though the checkpoint commits to them. */
  readonly missing: number;
  /** Whether an export that was interrupted was taken up. */
  readonly isResumed: boolean;
}

/**
 * Writes a bundle, takes up one that was interrupted, or adds to one what has happened since. Its
 * events come from the log and its hashes from the audit, which keep them apart: what is done to
 * one of them shows against the other. Throws a CliError.
 */
export async function exportBundle(options: ExportOptions): Promise<Exported> {
  const { bank, folder, withAccounts } = options;
  await checkFolder(folder);
  const key = await keyFor(bank, folder);
  const manifest = await manifestOf(folder);
  const unfinished = await folder.read(UNFINISHED);
  const accounts = withAccounts ? await accountsOf(bank) : undefined;
  const checkpoint =
    unfinished === undefined
      ? await nextCheckpoint(options, key, manifest)
      : openCheckpoint(String(unfinished), [key]);
  await folder.write(UNFINISHED, checkpoint.note);
  await exportTiles(options, checkpoint.size);
  const events = await exportEntries(options, checkpoint.size);
  if (accounts !== undefined) {
    const covered = await coveredBy(folder, checkpoint.size, accounts);
    await folder.write(BUNDLE_FILES.accounts, covered.map((one) => `${one}\n`).join(""));
  }
  await finish(options, checkpoint, manifest);
  const missing = checkpoint.size - events;
  return { checkpoint, missing, isResumed: unfinished !== undefined };
}

/** Nothing is written among files that are no bundle's. */
async function checkFolder(folder: BundleFolder): Promise<void> {
  const found = await readdir(folder.path).catch(() => []);
  const files = found.filter((file) => !file.endsWith(".unfinished"));
  const isBundle = files.length === 0 || (await folder.has(BUNDLE_FILES.key));
  if (!isBundle) throw new CliError(`${folder.path} has other files in it; name a new folder.`);
}

async function keyFor(bank: Bank, folder: BundleFolder): Promise<VerifierKey> {
  const key = await bank.key();
  const text = `${formatVerifierKey(key)}\n`;
  const known = await folder.read(BUNDLE_FILES.key);
  if (known === undefined) await folder.write(BUNDLE_FILES.key, text);
  else if (String(known) !== text) {
    throw new CliError(`The bundle in ${folder.path} is of another log, or the key was changed.`);
  }
  return key;
}

async function manifestOf(folder: BundleFolder): Promise<Manifest | undefined> {
  const bytes = await folder.read(BUNDLE_FILES.manifest);
  if (bytes === undefined) return undefined;
  try {
    const manifest = JSON.parse(String(bytes)) as Manifest;
    if (manifest.format === BUNDLE_FORMAT) return manifest;
  } catch {
    // Not ours to mend.
  }
  throw new CliError(`The manifest in ${folder.path} cannot be read.`);
}

/** What is added to a bundle must go on from what is in it. */
async function nextCheckpoint(
  { bank, folder }: ExportOptions,
  key: VerifierKey,
  manifest: Manifest | undefined,
): Promise<Checkpoint> {
  const checkpoint = await bank.checkpoint(key);
  if (checkpoint.size === 0) throw new CliError("Nothing has been sealed yet: the log is empty.");
  if (manifest === undefined) return checkpoint;
  const note = await folder.read(BUNDLE_FILES.checkpoint);
  const conflict = await conflictOf(bank, openCheckpoint(String(note ?? ""), [key]), checkpoint);
  if (conflict !== undefined) throw new CliError(`ALARM: ${conflict}`);
  return checkpoint;
}

async function accountsOf(bank: Bank): Promise<string[]> {
  const lines: string[] = [];
  for await (const account of bank.accounts()) lines.push(JSON.stringify(account));
  return lines;
}

/** Those that had changed after the checkpoint was signed are not in this bundle. */
async function coveredBy(
  folder: BundleFolder,
  size: number,
  accounts: readonly string[],
): Promise<string[]> {
  const index = Math.ceil(size / TILE_WIDTH) - 1;
  const width = tileWidth({ level: "entries", index }, size);
  const bytes = await folder.read(tilePath({ level: "entries", index, width }));
  const events = ((bytes && decodeBundle(bytes)) ?? []).map(eventOf);
  const until = events.at(-1)?.recordedAt ?? "";
  const versions = new Map(events.map((event) => [event?.streamId, event?.version ?? 0]));
  return accounts.filter((line) => {
    const { accountId, updatedAt, version } = JSON.parse(line) as Account;
    // One commit has one time, and the checkpoint may fall into it.
    return updatedAt < until || version <= (versions.get(accountId) ?? 0);
  });
}

/** The manifest comes last: with it the bundle is whole. */
async function finish(
  { bank, folder }: ExportOptions,
  { size, note }: Checkpoint,
  before: Manifest | undefined,
): Promise<void> {
  await folder.write(checkpointPath(size), note);
  await folder.write(BUNDLE_FILES.checkpoint, note);
  const checkpoints = [...(before?.checkpoints ?? []).filter((one) => one !== size), size];
  const manifest: Manifest = { format: BUNDLE_FORMAT, ledger: bank.ledger, size, checkpoints };
  await folder.write(BUNDLE_FILES.manifest, `${JSON.stringify(manifest, undefined, 2)}\n`);
  await removeOutgrown(folder, size);
  await folder.remove(UNFINISHED);
}

/** Partial tiles of an earlier size, which full ones have taken the place of. */
async function removeOutgrown(folder: BundleFolder, size: number): Promise<void> {
  const wanted = new Set([...tilesOf(size), ...tilesOfLevel("entries", size)].map(tilePath));
  for (const path of await folder.list("tile")) {
    if (path.includes(".p/") && !wanted.has(path)) await folder.remove(path);
  }
}

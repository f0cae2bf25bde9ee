import { spawnSync } from "node:child_process";
import { join } from "node:path";
import {
  createNoteSigner,
  EMPTY_ROOT,
  formatVerifierKey,
  openCheckpoint,
  parseVerifierKey,
  proveConsistency,
  proveInclusion,
  signCheckpoint,
} from "@countinghouse/transparency";
import { describe, expect, test } from "vitest";
import { logOf } from "./support/memory-log.ts";
import vectors from "./vectors/go-sumdb.json" with { type: "json" };

const FOLDER = join(import.meta.dirname, "second-opinion");
const SIZE = 1_500;

/** Why Go cannot be asked here; undefined where it can. */
function absence(): string | undefined {
  const { error, status, stderr } = spawnSync("go", ["mod", "download"], {
    cwd: FOLDER,
    encoding: "utf8",
    timeout: 60_000,
  });
  if (error !== undefined) return "Go is not on this machine";
  return status === 0 ? undefined : `Go's modules are out of reach: ${stderr.trim()}`;
}

const reason = absence();
if (reason !== undefined) {
  process.stderr.write(`No second opinion on checkpoints, tiles and proofs: ${reason}.\n`);
}

const base64 = (bytes: Buffer) => bytes.toString("base64");

async function document() {
  const log = logOf(SIZE);
  const signer = createNoteSigner("bank.example/ledger/1", Buffer.alloc(32, 9));
  const headAt = (size: number) => ({ size, root: log.roots[size] ?? EMPTY_ROOT });
  const asJson = (size: number) => ({ size, root: base64(headAt(size).root) });
  const sizes = [1, 2, 3, 255, 256, 257, 511, 512, 1_000, 1_280, 1_499, SIZE];
  const inclusion = sizes.flatMap((size) => {
    return [0, Math.floor(size / 2), size - 1].map(async (index) => ({
      ...{ index, tree: asJson(size), entry: base64(Buffer.from(`entry ${index}`)) },
      proof: (await proveInclusion(log.reader(size), index, size)).map(base64),
    }));
  });
  const consistency = sizes.flatMap((from) => {
    return sizes
      .filter((to) => to >= from)
      .map(async (to) => ({
        ...{ older: asJson(from), newer: asJson(to) },
        proof: (await proveConsistency(log.reader(SIZE), from, to)).map(base64),
      }));
  });
  const files = [...log.files(SIZE)].map(([path, bytes]) => [path, base64(bytes)]);
  return {
    verifierKey: formatVerifierKey(signer.key),
    checkpoint: signCheckpoint(signer, headAt(SIZE)),
    signerKey: `PRIVATE+KEY+PeterNeumann+c74f20a3+${vectors.seed}`,
    files: Object.fromEntries(files) as Record<string, string>,
    inclusion: await Promise.all(inclusion),
    consistency: await Promise.all(consistency),
  };
}

function ask(input: object): { status: number | null; output: string; errors: string } {
  const { status, stdout, stderr } = spawnSync("go", ["run", "."], {
    cwd: FOLDER,
    input: JSON.stringify(input),
    encoding: "utf8",
  });
  return { status, output: stdout, errors: stderr };
}

describe.skipIf(reason !== undefined)("code that is not ours, in Go", () => {
  test("[S45] takes our checkpoint, tiles, bundles and proofs, and we take its note", async () => {
    const input = await document();
    const { status, output, errors } = ask(input);
    expect({ status, errors }).toEqual({ status: 0, errors: "" });
    const { signed, ...counts } = JSON.parse(output);
    expect(counts).toEqual({
      size: SIZE,
      files: Object.keys(input.files).length,
      inclusion: input.inclusion.length,
      consistency: input.consistency.length,
    });
    const [peter = ""] = vectors.verifierKeys;
    expect(openCheckpoint(signed, [parseVerifierKey(peter)]).size).toBe(SIZE);
  });

  test("refuses one changed byte, so that its word means something", async () => {
    const input = await document();
    const tile = Buffer.from(input.files["tile/0/002"] ?? "", "base64");
    tile[99] = (tile[99] ?? 0) ^ 1;
    const files = { ...input.files, "tile/0/002": base64(tile) };
    expect(ask({ ...input, files }).errors).toContain("downloaded inconsistent tile");
    const [first, ...rest] = input.inclusion;
    const inclusion = [{ ...first, index: 1 }, ...rest];
    expect(ask({ ...input, inclusion }).status).toBe(1);
  });
});

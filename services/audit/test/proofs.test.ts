import { FakeBank } from "@countinghouse/testing";
import {
  canonicalJson,
  decodeBundle,
  leafHash,
  openCheckpoint,
  parseHash,
  tilePath,
  tilesOf,
  tilesOfLevel,
  verifyConsistency,
  verifyInclusion,
  verifyTlogProof,
} from "@countinghouse/transparency";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openAudit, type TestAudit } from "./support/audit.ts";

const SIZE = 1_300;
const bank = new FakeBank();
bank.fill(SIZE);
let audit: TestAudit;
beforeAll(async () => {
  audit = await openAudit(bank, new FakeBank(2));
  await audit.checkpointOf(SIZE);
});
afterAll(() => audit.close());

const entry = (position: number) => Buffer.from(canonicalJson(bank.events[position - 1]));
const inclusion = (search: string, accept = "application/json") => {
  return audit.auditor(`/v1/audit/proofs/inclusion?${search}`, { accept });
};
const consistency = (from: number, to: number) => {
  return audit.auditor(`/v1/audit/proofs/consistency?from=${from}&to=${to}`);
};

test("[S45] every event has a proof in every tree that has it", async () => {
  for (const treeSize of [1, 2, 255, 256, 257, 600, 1_024, SIZE]) {
    for (const position of [1, Math.ceil(treeSize / 2), treeSize]) {
      const { body, status } = await inclusion(`position=${position}&treeSize=${treeSize}`);
      expect(status).toBe(200);
      const root = parseHash(body.rootHash);
      const leaf = leafHash(entry(position));
      expect(parseHash(body.leafHash)).toEqual(leaf);
      const tree = { size: body.treeSize, root };
      expect(verifyInclusion(leaf, body.leafIndex, tree, body.hashes.map(parseHash))).toBe(true);
    }
  }
});

test("[S45] any tree is proved to be the beginning of any later one", async () => {
  const sizes = [1, 2, 3, 255, 256, 257, 768, 1_000, SIZE];
  for (const [i, from] of sizes.entries()) {
    for (const to of sizes.slice(i)) {
      const { body } = await consistency(from, to);
      const older = { size: from, root: parseHash(body.fromRoot) };
      const newer = { size: to, root: parseHash(body.toRoot) };
      expect(verifyConsistency(older, newer, body.hashes.map(parseHash))).toBe(true);
    }
  }
  const { body } = await consistency(1, SIZE);
  expect(parseHash(body.toRoot)).toEqual((await audit.checkpoint()).root);
});

test("[S45] as text a proof of a signed size stands alone", async () => {
  const { text, type } = await inclusion("position=1000", "text/plain");
  expect(type).toBe("text/plain; charset=utf-8");
  const keys = [await audit.key()];
  expect(verifyTlogProof(text, entry(1_000), keys)?.size).toBe(SIZE);
  expect(verifyTlogProof(text, entry(999), keys)).toBeUndefined();
  const old = await inclusion("position=1&treeSize=1300", "text/plain;q=0.9, application/json;q=0");
  expect(verifyTlogProof(old.text, entry(1), keys)?.size).toBe(SIZE);
});

test("an older checkpoint stands in a proof of its size as it was signed", async () => {
  const world = new FakeBank();
  world.fill(100);
  const other = await openAudit(world);
  try {
    const first = await other.checkpointOf(100);
    world.fill(400);
    await other.checkpointOf(400);
    const path = "/v1/audit/proofs/inclusion?position=7&treeSize=100";
    const { text } = await other.auditor(path, { accept: "text/plain" });
    expect(text.endsWith(first.note)).toBe(true);
    await other.restart();
    await other.checkpointOf(400);
    expect((await other.auditor(path, { accept: "text/plain" })).text).toBe(text);
  } finally {
    await other.close();
  }
});

const REFUSED: [path: string, status: number][] = [
  ["proofs/inclusion?position=0", 400],
  ["proofs/inclusion?position=1301", 400],
  ["proofs/inclusion?position=5&treeSize=4", 400],
  ["proofs/inclusion?position=1&treeSize=1301", 400],
  ["proofs/inclusion?position=1&treeSize=9007199254740993", 400],
  ["proofs/inclusion?position=1.5", 400],
  ["proofs/inclusion?position=1&position=2", 400],
  ["proofs/inclusion?position=1&of=all", 400],
  ["proofs/inclusion?position=1&ledger=2", 400],
  ["proofs/inclusion?position=1&ledger=3", 404],
  ["proofs/consistency?from=0&to=1", 400],
  ["proofs/consistency?from=2&to=1", 400],
  ["proofs/consistency?from=1&to=1301", 400],
  ["checkpoint?ledger=3", 404],
  ["checkpoint?ledger=0", 400],
  ["key?ledger=3", 404],
  ["tile/0/000?ledger=2", 404],
  ["tile/0/005.p/21", 404],
  ["tile/0/006.p/1", 404],
  ["tile/0/0", 404],
  ["tile/0/000.p/256", 404],
  ["tile/0/000/", 404],
  ["tile/entries/005", 404],
  ["tile/data/000", 404],
];

test.each(REFUSED)("%s answers %d", async (path, status) => {
  expect((await audit.auditor(`/v1/audit/${path}`)).status).toBe(status);
});

test("a proof as text of a size that was not signed answers 400, as JSON it is there", async () => {
  expect((await inclusion("position=1&treeSize=3", "text/plain")).status).toBe(400);
  expect((await inclusion("position=1&treeSize=3", "*/*")).status).toBe(200);
  expect((await inclusion("position=1&treeSize=3", "text/html")).status).toBe(406);
});

describe("tiles (C2SP tlog-tiles)", () => {
  test("[S45] all files of the tree are there, and hold what they should", async () => {
    const { size } = await audit.checkpoint();
    for (const tile of tilesOf(size)) {
      const { bytes, type } = await audit.auditor(`/v1/audit/${tilePath(tile)}`);
      expect(type).toBe("application/octet-stream");
      expect(bytes).toHaveLength(32 * tile.width);
      if (tile.level !== 0) continue;
      const leaves = Array.from({ length: tile.width }, (_, i) => {
        return leafHash(entry(tile.index * 256 + i + 1));
      });
      expect(bytes).toEqual(Buffer.concat(leaves));
    }
    for (const bundle of tilesOfLevel("entries", size)) {
      const { bytes } = await audit.auditor(`/v1/audit/${tilePath(bundle)}`);
      const entries = decodeBundle(bytes);
      expect(entries).toHaveLength(bundle.width);
      expect(entries?.[0]).toEqual(entry(bundle.index * 256 + 1));
    }
  });

  test("a partial tile is served after it was filled up, too", async () => {
    for (const path of ["tile/0/000.p/3", "tile/0/005.p/20", "tile/1/000.p/2"]) {
      const { status, bytes } = await audit.auditor(`/v1/audit/${path}`);
      expect(status).toBe(200);
      expect(bytes).toHaveLength(32 * Number(path.split("/").at(-1)));
    }
    const { bytes } = await audit.auditor("/v1/audit/tile/entries/000.p/2");
    expect(decodeBundle(bytes)).toEqual([entry(1), entry(2)]);
  });
});

test("checkpoint and key need no token, everything else one of an auditor or admin", async () => {
  const customer = audit.as("77777777-7777-4777-8777-777777777777", "customer", "teller");
  const admin = audit.as("77777777-7777-4777-8777-777777777777", "admin");
  const { text } = await customer("/v1/audit/checkpoint");
  expect(openCheckpoint(text, [await audit.key()]).size).toBe(SIZE);
  for (const path of [
    "proofs/inclusion?position=1",
    "tile/0/000",
    "proofs/consistency?from=1&to=2",
  ]) {
    expect((await customer(`/v1/audit/${path}`)).status).toBe(403);
    expect((await admin(`/v1/audit/${path}`)).status).toBe(200);
  }
});

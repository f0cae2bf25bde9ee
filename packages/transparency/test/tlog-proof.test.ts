import {
  createNoteSigner,
  formatTlogProof,
  MalformedError,
  parseTlogProof,
  proveInclusion,
  SignatureError,
  signCheckpoint,
  verifyTlogProof,
} from "@countinghouse/transparency";
import { expect, test } from "vitest";
import { logOf } from "./support/memory-log.ts";

const SIZE = 300;
const log = logOf(SIZE);
const signer = createNoteSigner("bank.example/ledger/1", Buffer.alloc(32, 1));
const note = signCheckpoint(signer, { size: SIZE, root: log.edge.root() });
const entry = Buffer.from("entry 270");
const proof = formatTlogProof(270, await proveInclusion(log.reader(SIZE), 270, SIZE), note);
const keys = [signer.key];

test("[S45] a proof stands alone: entry, key and text are enough", () => {
  expect(verifyTlogProof(proof, entry, keys)?.size).toBe(SIZE);
  const { index, hashes, checkpoint, extra } = parseTlogProof(proof);
  expect(formatTlogProof(index, hashes, checkpoint.note)).toBe(proof);
  expect(extra).toBeUndefined();
});

test("a proof proves no other entry and no other place", () => {
  expect(verifyTlogProof(proof, Buffer.from("entry 271"), keys)).toBeUndefined();
  const elsewhere = proof.replace("index 270", "index 271");
  expect(verifyTlogProof(elsewhere, entry, keys)).toBeUndefined();
});

test("extra data is read, and proves nothing", () => {
  const withExtra = proof.replace("\nindex", "\nextra YWJj\nindex");
  expect(parseTlogProof(withExtra).extra?.toString()).toBe("abc");
  expect(verifyTlogProof(withExtra, entry, keys)?.size).toBe(SIZE);
});

test("a proof of a checkpoint that the log has not signed is refused", () => {
  const other = createNoteSigner("bank.example/ledger/1", Buffer.alloc(32, 2));
  expect(() => verifyTlogProof(proof, entry, [other.key])).toThrow(SignatureError);
  const forged = proof.replace("\n300\n", "\n301\n");
  expect(() => verifyTlogProof(forged, entry, keys)).toThrow(SignatureError);
});

test.each([
  ["another first line", proof.replace("@v1", "@v2")],
  ["no index", proof.replace("index 270\n", "")],
  ["an index with a zero before it", proof.replace("index 270", "index 0270")],
  ["a hash that is cut off", proof.replace(/=\n/, "\n")],
  ["no checkpoint", proof.slice(0, proof.indexOf("\n\n") + 1)],
  ["extra data that is no base64", proof.replace("\nindex", "\nextra !\nindex")],
  ["too many hashes", proof.replace("\n\n", `\n${`${"A".repeat(43)}=\n`.repeat(64)}\n`)],
])("a text with %s is no proof", (_, text) => {
  expect(text).not.toBe(proof);
  expect(() => parseTlogProof(text)).toThrow(MalformedError);
});

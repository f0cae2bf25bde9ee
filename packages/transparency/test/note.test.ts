import {
  checkpointText,
  cosignedAt,
  createCosigner,
  createNoteSigner,
  formatNote,
  formatSignature,
  formatVerifierKey,
  leafHash,
  MalformedError,
  openCheckpoint,
  openNote,
  parseCheckpoint,
  parseNote,
  parseSignatures,
  parseVerifierKey,
  SignatureError,
  signCheckpoint,
} from "@countinghouse/transparency";
import { describe, expect, test } from "vitest";
import vectors from "./vectors/go-sumdb.json" with { type: "json" };

const seed = Buffer.from(vectors.seed, "base64").subarray(1);
const [peter, enoch] = vectors.verifierKeys.map(parseVerifierKey);
if (peter === undefined || enoch === undefined) throw new Error("two keys are published");
const [bySigner = "", byEnoch = ""] = vectors.signatures;
const { text } = vectors;

describe("the published vectors of golang.org/x/mod/sumdb/note", () => {
  test("keys are read and written as published", () => {
    expect([peter, enoch].map(formatVerifierKey)).toEqual(vectors.verifierKeys);
  });

  test("a signer of the published seed signs as published", () => {
    const signer = createNoteSigner("PeterNeumann", seed);
    expect(signer.key).toEqual(peter);
    expect(signer.sign(text)).toBe(bySigner);
  });

  test("a note is opened by the keys that are known, the others are passed over", () => {
    const note = formatNote(text, [bySigner, byEnoch]);
    expect(openNote(note, [peter]).signedBy).toEqual([peter]);
    expect(openNote(note, [peter, enoch]).signedBy).toEqual([peter, enoch]);
    expect(openNote(note, [peter]).text).toBe(text);
    expect(() => openNote(note, [])).toThrow(SignatureError);
  });

  test.each(vectors.badVerifierKeys)("%s is no key", (key) => {
    expect(() => parseVerifierKey(key)).toThrow(MalformedError);
  });

  test("no part of a key and no key with another byte is a key", () => {
    const [key = ""] = vectors.verifierKeys;
    for (let i = 0; i < key.length; i += 1) {
      const changed = key.slice(0, i) + String.fromCharCode(key.charCodeAt(i) + 1);
      expect(() => parseVerifierKey(changed + key.slice(i + 1))).toThrow(MalformedError);
      if (i > 0) expect(() => parseVerifierKey(key.slice(i))).toThrow(MalformedError);
      expect(() => parseVerifierKey(key.slice(0, i))).toThrow(MalformedError);
    }
  });

  test("a tree is written as published", () => {
    const { record, size, text: published } = vectors.tree;
    const root = leafHash(Buffer.from(record));
    expect(checkpointText("go.sum database tree", { size, root })).toBe(published);
    expect(parseCheckpoint(`${published}\n${bySigner}`)).toMatchObject({ size, root });
  });
});

test("a known key's wrong signature makes the whole note refused, whoever else signed", () => {
  const wrong = bySigner.replace("ZJku", "ZJkv");
  expect(() => openNote(formatNote(text, [byEnoch, wrong]), [peter, enoch])).toThrow(
    SignatureError,
  );
  expect(openNote(formatNote(text, [byEnoch, wrong]), [enoch]).signedBy).toEqual([enoch]);
});

test.each([
  ["no signature", text],
  ["no blank line", `${text}${bySigner}`],
  ["no line feed at the end", `${text}\n${bySigner.slice(0, -1)}`],
  ["a control character", `a\tb\n\n${bySigner}`],
  ["a carriage return", `${text}\n${bySigner.replace("\n", "\r\n")}`],
  ["a surrogate alone", `\ud800\n\n${bySigner}`],
  ["a hyphen for the dash", `${text}\n${bySigner.replace("\u2014", "-")}`],
  ["base64 that is not canonical", `${text}\n${bySigner.replace("nAM=", "nAN=")}`],
  ["a signature of no bytes", `${text}\n\u2014 PeterNeumann x08gow==\n`],
  ["too many signatures", `${text}\n${bySigner.repeat(101)}`],
])("a text with %s is no note", (_, note) => {
  expect(() => parseNote(note)).toThrow(MalformedError);
});

describe("checkpoints", () => {
  const signer = createNoteSigner("bank.example/ledger/1", seed);
  const head = { size: 7, root: leafHash(Buffer.from("x")) };
  const note = signCheckpoint(signer, head);

  test("[S45] a checkpoint is read back, and opened by the log's key only", () => {
    expect(openCheckpoint(note, [signer.key])).toMatchObject({ ...head, origin: signer.key.name });
    expect(() => openCheckpoint(note, [peter])).toThrow(SignatureError);
    const elsewhere = createNoteSigner("bank.example/ledger/2", seed);
    expect(() => openCheckpoint(note, [elsewhere.key])).toThrow(SignatureError);
  });

  test("another size or root under the same signature is found", () => {
    const root = leafHash(Buffer.from("y")).toString("base64");
    for (const changed of [
      note.replace("\n7\n", "\n8\n"),
      note.replace(head.root.toString("base64"), root),
      note.replace("ledger/1\n7", "ledger/3\n7"),
    ]) {
      expect(changed).not.toBe(note);
      expect(() => openCheckpoint(changed, [signer.key])).toThrow(SignatureError);
    }
  });

  test.each([
    ["07", "leading zero"],
    ["-1", "sign"],
    ["9007199254740993", "more than is exact"],
    ["x", "no number"],
  ])("a checkpoint has not the size %s (%s)", (size) => {
    expect(() => parseCheckpoint(note.replace("\n7\n", `\n${size}\n`))).toThrow(MalformedError);
  });

  test("a witness adds a signature with its time, which covers the log's text", () => {
    const witness = createCosigner("witness.example/w1", Buffer.alloc(32, 7), () => 1_679_315_147);
    const line = witness.sign(checkpointText(signer.key.name, head));
    const both = note + line;
    const opened = openNote(both, [signer.key, witness.key]);
    expect(opened.signedBy).toEqual([signer.key, witness.key]);
    const [read] = parseSignatures(line);
    expect(read && cosignedAt(read)).toBe(1_679_315_147);
    expect(read && formatSignature(read)).toBe(line);
    const later = Buffer.from(read?.signature ?? "");
    later.writeUInt8((later[7] ?? 0) ^ 1, 7);
    const forged = read ? formatSignature({ ...read, signature: later }) : "";
    expect(() => openNote(note + forged, [signer.key, witness.key])).toThrow(SignatureError);
    expect(parseVerifierKey(formatVerifierKey(witness.key))).toEqual(witness.key);
  });

  test("a key of a witness does not stand in for the log's", () => {
    const witness = createCosigner("bank.example/ledger/1", Buffer.alloc(32, 7), () => 1);
    const text = checkpointText(signer.key.name, head);
    const signed = formatNote(text, [witness.sign(text)]);
    expect(() => openCheckpoint(signed, [witness.key])).toThrow(SignatureError);
  });
});

import { createHash, createPublicKey, verify } from "node:crypto";
import type { Findings } from "./findings.ts";
import type { Logged } from "./log.ts";

/** DER of an Ed25519 public key up to its 32 bytes (RFC 8410). */
const SPKI = Buffer.from("302a300506032b6570032100", "hex");
const [KEY_BYTES, KEY_ID_BYTES] = [32, 4];

/**
 * Checks checkpoints in the order in which they were given out: none is smaller than one before it,
 * each is signed by the key, and its root is that of the log's first events (RFC 6962).
 */
export function checkCheckpoints(
  notes: readonly string[],
  key: string,
  events: readonly Logged[],
  found: Findings,
): void {
  const wanted = new Map<number, string>();
  let largest = 0;
  for (const note of notes) {
    const [, size = "", root = ""] = note.split("\n");
    if (Number(size) < largest) found.add("checkpoints", `${size} events after ${largest}`);
    largest = Math.max(largest, Number(size));
    const known = wanted.get(Number(size));
    if (known !== undefined && known !== root) found.add("checkpoints", `two roots of ${size}`);
    if (known === undefined && !isSigned(note, key)) {
      found.add("checkpoints", `the one of ${size} events is not signed by the bank's key`);
    }
    wanted.set(Number(size), root);
  }
  const ledger = events.filter((event) => event.ledger === 1);
  if (largest > ledger.length) {
    found.add("checkpoints", `${largest} events are sealed, ${ledger.length} are there`);
  }
  let peaks: Buffer[] = [];
  for (const [i, event] of ledger.entries()) {
    peaks = withLeaf(peaks, i, leafOf(event));
    const root = wanted.get(i + 1);
    if (root !== undefined && rootOf(peaks).toString("base64") !== root) {
      found.add("checkpoints", `the root of ${i + 1} events is another`);
    }
  }
}

/** The perfect trees that so many leaves make, the largest first, after one leaf more. */
function withLeaf(peaks: readonly Buffer[], leaves: number, leaf: Buffer): Buffer[] {
  const next = [...peaks];
  let node = leaf;
  for (let left = leaves; left % 2 === 1; left = Math.floor(left / 2)) {
    node = hash(1, next.pop() ?? node, node);
  }
  return [...next, node];
}

function rootOf(peaks: readonly Buffer[]): Buffer {
  return peaks.reduceRight((right, left) => hash(1, left, right));
}

function leafOf(event: Logged): Buffer {
  const { position, eventId, streamId, version, type, schemaVersion, recordedAt } = event;
  // The members of an envelope in the order of RFC 8785; data and meta are canonical in the log.
  const text =
    `{"data":${event.dataText},"eventId":"${eventId}","meta":${event.metaText},` +
    `"position":${position},"recordedAt":"${recordedAt}","schemaVersion":${schemaVersion},` +
    `"streamId":"${streamId}","type":"${type}","version":${version}}`;
  return hash(0, Buffer.from(text));
}

function hash(prefix: 0 | 1, ...parts: readonly Buffer[]): Buffer {
  const hasher = createHash("sha256").update(Buffer.of(prefix));
  for (const part of parts) hasher.update(part);
  return hasher.digest();
}

/** Whether a note (C2SP signed-note) is signed by the key `name+id+base64`, which is Ed25519. */
function isSigned(note: string, verifierKey: string): boolean {
  const end = note.indexOf("\n\n");
  const text = note.slice(0, end + 1);
  const [name = "", , encoded = ""] =
    /^(.+?)\+([0-9a-f]{8})\+(.+)$/.exec(verifierKey)?.slice(1) ?? [];
  const raw = Buffer.from(encoded, "base64").subarray(-KEY_BYTES);
  const key = createPublicKey({ key: Buffer.concat([SPKI, raw]), format: "der", type: "spki" });
  return note
    .slice(end + 2)
    .split("\n")
    .filter((line) => line.startsWith(`— ${name} `))
    .some((line) => {
      const signature = Buffer.from(line.split(" ")[2] ?? "", "base64").subarray(KEY_ID_BYTES);
      return verify(null, Buffer.from(text), key, signature);
    });
}

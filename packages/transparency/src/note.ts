// C2SP signed-note and tlog-cosignature: https://c2sp.org/signed-note
import { createPrivateKey, createPublicKey, type KeyObject, sign, verify } from "node:crypto";
import { sha256 } from "./hash.ts";

/** Ed25519 over the text of the note, as logs sign. */
const ED25519 = 0x01;
/** Ed25519 over the text and the time, as witnesses sign. */
const COSIGNATURE = 0x04;
const KEY_BYTES = 32;
const KEY_ID_BYTES = 4;
const TIME_BYTES = 8;
/** More signatures than any policy asks for; a note with more is refused. */
const SIGNATURES_MAX = 100;
const NOTE_CHARACTERS_MAX = 1_000_000;
const SPKI_OF_ED25519 = Buffer.from("302a300506032b6570032100", "hex");
const PKCS8_OF_ED25519 = Buffer.from("302e020100300506032b657004220420", "hex");

/** A text that is no note, no key or no checkpoint. */
export class MalformedError extends Error {
  readonly code = "malformed_proof";
  readonly retryable = false;
  override readonly name = "MalformedError";
}

/** A key that signs: a log's own, or a witness's. */
export interface VerifierKey {
  readonly name: string;
  /** The first 4 bytes of SHA-256(name ‖ 0x0A ‖ type ‖ key), in hexadecimal. */
  readonly id: string;
  readonly kind: "log" | "witness";
  /** 32 bytes, RFC 8032. */
  readonly publicKey: Buffer;
}

/** One line of signature. */
export interface NoteSignature {
  readonly name: string;
  readonly id: string;
  readonly signature: Buffer;
}

export interface Note {
  /** What is signed; ends with a line feed. */
  readonly text: string;
  readonly signatures: readonly NoteSignature[];
}

/** Signs texts as one key. */
export interface NoteSigner {
  readonly key: VerifierKey;
  /** The line of signature over a text that ends with a line feed. */
  sign(text: string): string;
}

/** A log's signer from the seed of an Ed25519 key (RFC 8032), 32 bytes. */
export function createNoteSigner(name: string, seed: Uint8Array): NoteSigner {
  const privateKey = privateKeyOf(seed);
  const key = verifierKey(name, "log", publicKeyOf(privateKey));
  return {
    key,
    sign: (text) => signatureLine(key, sign(null, Buffer.from(text), privateKey)),
  };
}

/** A witness's signer; `nowSeconds` tells the time of each signature. */
export function createCosigner(
  name: string,
  seed: Uint8Array,
  nowSeconds: () => number,
): NoteSigner {
  const privateKey = privateKeyOf(seed);
  const key = verifierKey(name, "witness", publicKeyOf(privateKey));
  return {
    key,
    sign(text) {
      const time = Buffer.alloc(TIME_BYTES);
      time.writeBigUInt64BE(BigInt(nowSeconds()));
      const signature = sign(null, cosigned(text, time), privateKey);
      return signatureLine(key, Buffer.concat([time, signature]));
    },
  };
}

/** The note of a text and lines of signature. */
export function formatNote(text: string, lines: readonly string[]): string {
  return `${text}\n${lines.join("")}`;
}

/** Reads a note; nothing is verified. Throws a MalformedError. */
export function parseNote(note: string): Note {
  const isClean = note.length <= NOTE_CHARACTERS_MAX && note.isWellFormed();
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what a note must not have.
  if (!isClean || /[\u0000-\u0009\u000b-\u001f]/.test(note)) {
    throw new MalformedError("not a note: control characters");
  }
  const end = note.lastIndexOf("\n\n");
  if (end < 0 || !note.endsWith("\n")) throw new MalformedError("not a note: no signature");
  const text = note.slice(0, end + 1);
  return { text, signatures: parseSignatures(note.slice(end + 2)) };
}

/** Reads lines of signature, as a witness answers them. Throws a MalformedError. */
export function parseSignatures(lines: string): NoteSignature[] {
  if (!lines.endsWith("\n")) throw new MalformedError("a signature has no end");
  const split = lines.slice(0, -1).split("\n");
  if (split.length > SIGNATURES_MAX) throw new MalformedError("too many signatures");
  return split.map((line) => {
    const [, name, base64 = ""] = /^\u2014 ([^\s+]+) (\S+)$/u.exec(line) ?? [];
    const bytes = fromBase64(base64);
    if (name === undefined || bytes === undefined || bytes.length <= KEY_ID_BYTES) {
      throw new MalformedError("not a line of signature");
    }
    const id = bytes.toString("hex", 0, KEY_ID_BYTES);
    return { name, id, signature: bytes.subarray(KEY_ID_BYTES) };
  });
}

/**
 * Reads a note and verifies every signature of a known key. Gives the note and the keys that signed
 * it, at least one. Throws a MalformedError for what is no note, and a SignatureError when no known
 * key has signed it or a known key's signature is wrong.
 */
export function openNote(
  note: string,
  keys: readonly VerifierKey[],
): Note & { readonly signedBy: readonly VerifierKey[] } {
  const parsed = parseNote(note);
  const signedBy = verifiedKeys(parsed, keys);
  if (signedBy.length === 0) throw new SignatureError("no known key has signed this");
  return { ...parsed, signedBy };
}

/** A signature that does not verify, or none of a known key. */
export class SignatureError extends Error {
  readonly code = "bad_signature";
  readonly retryable = false;
  override readonly name = "SignatureError";
}

function verifiedKeys({ text, signatures }: Note, keys: readonly VerifierKey[]): VerifierKey[] {
  const signedBy = new Set<VerifierKey>();
  for (const one of signatures) {
    const key = keys.find(({ name, id }) => name === one.name && id === one.id);
    if (key === undefined) continue;
    if (!isSignedBy(text, one, key)) throw new SignatureError(`${key.name} has not signed this`);
    signedBy.add(key);
  }
  return [...signedBy];
}

/** Whether a signature is this key's over this text. */
export function isSignedBy(text: string, { signature }: NoteSignature, key: VerifierKey): boolean {
  const spki = Buffer.concat([SPKI_OF_ED25519, key.publicKey]);
  const publicKey = createPublicKey({ key: spki, format: "der", type: "spki" });
  if (key.kind === "log") return verify(null, Buffer.from(text), publicKey, signature);
  const time = signature.subarray(0, TIME_BYTES);
  if (time.length < TIME_BYTES) return false;
  return verify(null, cosigned(text, time), publicKey, signature.subarray(TIME_BYTES));
}

/** The time of a witness's signature, in seconds since 1970. */
export function cosignedAt({ signature }: NoteSignature): number {
  if (signature.length < TIME_BYTES) throw new MalformedError("a cosignature has no time");
  return Number(signature.readBigUInt64BE(0));
}

function cosigned(text: string, time: Buffer): Buffer {
  return Buffer.from(`cosignature/v1\ntime ${time.readBigUInt64BE(0)}\n${text}`);
}

/** A key as the format writes it: `name+id+base64`. */
export function formatVerifierKey({ name, id, kind, publicKey }: VerifierKey): string {
  return `${name}+${id}+${Buffer.concat([typeByte(kind), publicKey]).toString("base64")}`;
}

/** Reads a key. Throws a MalformedError, also when its id is not that of its name and bytes. */
export function parseVerifierKey(text: string): VerifierKey {
  const [, name, id, base64 = ""] = /^([^\s+]+)\+([0-9a-f]{8})\+(\S+)$/u.exec(text) ?? [];
  const bytes = fromBase64(base64);
  if (name === undefined || bytes === undefined) throw new MalformedError("not a verifier key");
  const kind = bytes[0] === ED25519 ? "log" : bytes[0] === COSIGNATURE ? "witness" : undefined;
  if (kind === undefined || bytes.length !== 1 + KEY_BYTES) {
    throw new MalformedError("not an Ed25519 verifier key");
  }
  const key = verifierKey(name, kind, bytes.subarray(1));
  if (key.id !== id) throw new MalformedError("the id of the key is not that of its bytes");
  return key;
}

/** The key of a name and 32 bytes. Throws a MalformedError for a name that a note cannot have. */
export function verifierKey(
  name: string,
  kind: VerifierKey["kind"],
  publicKey: Buffer,
): VerifierKey {
  if (!/^[^\s+]+$/u.test(name)) throw new MalformedError("not a name of a key");
  const input = [Buffer.from(`${name}\n`), typeByte(kind), publicKey];
  const id = sha256(Buffer.concat(input)).toString("hex", 0, KEY_ID_BYTES);
  return { name, id, kind, publicKey };
}

function typeByte(kind: VerifierKey["kind"]): Buffer {
  return Buffer.from([kind === "log" ? ED25519 : COSIGNATURE]);
}

function signatureLine({ name, id }: VerifierKey, signature: Buffer): string {
  const bytes = Buffer.concat([Buffer.from(id, "hex"), signature]);
  return `\u2014 ${name} ${bytes.toString("base64")}\n`;
}

/** The line of a signature that was read. */
export function formatSignature({ name, id, signature }: NoteSignature): string {
  return signatureLine({ name, id } as VerifierKey, signature);
}

function privateKeyOf(seed: Uint8Array): KeyObject {
  if (seed.length !== KEY_BYTES) throw new RangeError("an Ed25519 seed has 32 bytes");
  const key = Buffer.concat([PKCS8_OF_ED25519, seed]);
  return createPrivateKey({ key, format: "der", type: "pkcs8" });
}

function publicKeyOf(privateKey: KeyObject): Buffer {
  const spki = createPublicKey(privateKey as never).export({ format: "der", type: "spki" });
  return (spki as Buffer).subarray(SPKI_OF_ED25519.length);
}

/** The bytes of standard base64 in its one right spelling, else undefined. */
export function fromBase64(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, "base64");
  return bytes.toString("base64") === text ? bytes : undefined;
}

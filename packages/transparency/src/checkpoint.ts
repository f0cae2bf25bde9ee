// C2SP tlog-checkpoint: https://c2sp.org/tlog-checkpoint
import { HASH_BYTES, type Hash } from "./hash.ts";
import {
  formatNote,
  fromBase64,
  MalformedError,
  type NoteSignature,
  type NoteSigner,
  openNote,
  parseNote,
  type VerifierKey,
} from "./note.ts";

/** What a log says of itself: so many leaves, with this root. */
export interface TreeHead {
  readonly size: number;
  readonly root: Hash;
}

export interface Checkpoint extends TreeHead {
  /** Which log it is. */
  readonly origin: string;
  /** The note as it is, signatures and all. */
  readonly note: string;
  readonly signatures: readonly NoteSignature[];
}

/** The text of a checkpoint, which is what is signed. */
export function checkpointText(origin: string, { size, root }: TreeHead): string {
  return `${origin}\n${size}\n${root.toString("base64")}\n`;
}

/** A signed checkpoint; the name of the signer's key is the origin. */
export function signCheckpoint(signer: NoteSigner, head: TreeHead): string {
  const text = checkpointText(signer.key.name, head);
  return formatNote(text, [signer.sign(text)]);
}

/** Reads a checkpoint; no signature is verified. Throws a MalformedError. */
export function parseCheckpoint(note: string): Checkpoint {
  const { text, signatures } = parseNote(note);
  const [origin = "", size = "", root = "", ...extensions] = text.slice(0, -1).split("\n");
  if (origin === "") throw new MalformedError("a checkpoint has no origin");
  if (!/^(0|[1-9][0-9]{0,15})$/.test(size) || !Number.isSafeInteger(Number(size))) {
    throw new MalformedError("a checkpoint has no size");
  }
  if (extensions.includes("")) throw new MalformedError("a line of a checkpoint is empty");
  return { origin, size: Number(size), root: parseHash(root), note, signatures };
}

/**
 * Reads a checkpoint that one of these keys must have signed, by the name of its origin. Throws a
 * MalformedError or a SignatureError.
 */
export function openCheckpoint(note: string, keys: readonly VerifierKey[]): Checkpoint {
  const checkpoint = parseCheckpoint(note);
  openNote(
    note,
    keys.filter(({ name, kind }) => kind === "log" && name === checkpoint.origin),
  );
  return checkpoint;
}

/** Reads a hash in base64. Throws a MalformedError. */
export function parseHash(text: string): Hash {
  const hash = fromBase64(text);
  if (hash?.length !== HASH_BYTES) throw new MalformedError("not a hash");
  return hash;
}

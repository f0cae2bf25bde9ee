// C2SP tlog-proof: https://c2sp.org/tlog-proof
import { type Checkpoint, openCheckpoint, parseCheckpoint, parseHash } from "./checkpoint.ts";
import { type Hash, leafHash } from "./hash.ts";
import { fromBase64, MalformedError, type VerifierKey } from "./note.ts";
import { verifyInclusion } from "./proofs.ts";

const MAGIC = "c2sp.org/tlog-proof@v1";
/** A proof has as many hashes as the tree has levels. */
const HASHES_MAX = 64;

/** A leaf's proof that stands alone. */
export interface TlogProof {
  readonly index: number;
  readonly hashes: readonly Hash[];
  readonly checkpoint: Checkpoint;
  /** Not covered by the proof. */
  readonly extra?: Buffer;
}

/** The text of a proof; `note` is the signed checkpoint. */
export function formatTlogProof(index: number, hashes: readonly Hash[], note: string): string {
  const lines = [MAGIC, `index ${index}`, ...hashes.map((hash) => hash.toString("base64"))];
  return `${lines.join("\n")}\n\n${note}`;
}

/** Reads a proof; nothing is verified. Throws a MalformedError. */
export function parseTlogProof(text: string): TlogProof {
  const end = text.indexOf("\n\n");
  if (end < 0) throw new MalformedError("a proof has no checkpoint");
  const [magic, ...lines] = text.slice(0, end).split("\n");
  if (magic !== MAGIC) throw new MalformedError("not a tlog-proof");
  const [, base64] = /^extra (\S+)$/.exec(lines[0] ?? "") ?? [];
  if (base64 !== undefined) lines.shift();
  const extra = base64 === undefined ? undefined : fromBase64(base64);
  if (base64 !== undefined && extra === undefined) throw new MalformedError("not base64");
  const [, index = ""] = /^index (0|[1-9][0-9]{0,15})$/.exec(lines.shift() ?? "") ?? [];
  if (index === "" || lines.length > HASHES_MAX) throw new MalformedError("not a tlog-proof");
  return {
    index: Number(index),
    hashes: lines.map(parseHash),
    checkpoint: parseCheckpoint(text.slice(end + 2)),
    ...(extra !== undefined && { extra }),
  };
}

/**
 * Verifies, with nothing but the log's key, that an entry is in the log. Gives the checkpoint that
 * it is proved by, or undefined where the proof leads elsewhere. Throws a MalformedError or a
 * SignatureError for what is no proof, or not signed.
 */
export function verifyTlogProof(
  text: string,
  entry: Uint8Array,
  keys: readonly VerifierKey[],
): Checkpoint | undefined {
  const { index, hashes, checkpoint } = parseTlogProof(text);
  openCheckpoint(checkpoint.note, keys);
  return verifyInclusion(leafHash(entry), index, checkpoint, hashes) ? checkpoint : undefined;
}

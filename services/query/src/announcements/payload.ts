import type { Reached } from "../consistency/waiting-room.ts";

/** The channel on which whoever applies events tells every process of this service. */
export const APPLIED_CHANNEL = "countinghouse_applied";

const ID_BYTES = 16;
const PAIR_BYTES = ID_BYTES + 4;
/** A notification has under 8,000 bytes; so many pairs are 7,680 in base64. */
const PAIRS_MAX = 288;

/** Versions of accounts as the texts of as few notifications as they fit into. */
export function encodeApplied(versions: Reached): string[] {
  const pairs = [...versions];
  const texts: string[] = [];
  for (let from = 0; from < pairs.length; from += PAIRS_MAX) {
    texts.push(encode(pairs.slice(from, from + PAIRS_MAX)));
  }
  return texts;
}

function encode(pairs: readonly [string, number][]): string {
  const bytes = Buffer.alloc(pairs.length * PAIR_BYTES);
  for (const [i, [accountId, version]] of pairs.entries()) {
    bytes.write(accountId.replaceAll("-", ""), i * PAIR_BYTES, ID_BYTES, "hex");
    bytes.writeUInt32BE(version, i * PAIR_BYTES + ID_BYTES);
  }
  return bytes.toString("base64");
}

/** What a notification says; nothing when it is none of ours. */
export function decodeApplied(text: string): Reached {
  const bytes = Buffer.from(text, "base64");
  const versions = new Map<string, number>();
  if (bytes.length % PAIR_BYTES !== 0) return versions;
  for (let at = 0; at < bytes.length; at += PAIR_BYTES) {
    versions.set(uuidAt(bytes, at), bytes.readUInt32BE(at + ID_BYTES));
  }
  return versions;
}

function uuidAt(bytes: Buffer, at: number): string {
  const hex = bytes.toString("hex", at, at + ID_BYTES);
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

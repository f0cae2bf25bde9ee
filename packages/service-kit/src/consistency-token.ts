import { createSealer } from "./opaque.ts";
import { malformed } from "./problem-error.ts";

/** How many accounts one token names; a command that touches more names its events instead. */
export const TOKEN_ACCOUNTS_MAX = 4;
/** How many tokens one header joins. */
const TOKENS_MAX = 16;
/** The format of the payload: a kind byte, then the fields of the kind, big-endian. */
const [VERSIONS, RANGES] = [1, 2];
const ID_BYTES = 16;
const PAIR_BYTES = ID_BYTES + 4;
const RANGE_BYTES = 4 + 8 + 4;
/** How many ledgers one token names events of; more do not fit into 200 bytes. */
export const TOKEN_LEDGERS_MAX = 8;
const HEADER = "Consistency-Token";

/** A version that an account has reached. */
export interface AccountVersion {
  readonly accountId: string;
  readonly version: number;
}

/** What a query has to see before it answers. */
export type VersionRequirement = { readonly kind: "version" } & AccountVersion;
export type Requirement = VersionRequirement | ({ readonly kind: "range" } & EventRange);

/** The events that one command wrote to one ledger: so many from a position on. */
export interface EventRange {
  readonly ledger: number;
  readonly first: number;
  readonly count: number;
}

/** Consistency-Tokens: what a command has done, in at most 200 bytes, authenticated. */
export interface ConsistencyTokens {
  /**
   * The token of a command that left these accounts at these versions; of none, where there was
   * nothing to see. Throws a RangeError for more than four accounts.
   */
  mint(versions: readonly AccountVersion[]): string;
  /** The token of a command that touched more accounts. Throws a RangeError for over 8 ledgers. */
  mintRanges(ranges: readonly EventRange[]): string;
  /** All that the tokens of a header, joined by commas, ask for. Throws a 400. */
  read(header: string): Requirement[];
}

export function createConsistencyTokens(key: Buffer): ConsistencyTokens {
  const sealer = createSealer(key, "consistency");
  return {
    mint: (versions) => sealer.seal(encodeVersions(versions)),
    mintRanges: (ranges) => sealer.seal(encodeRanges(ranges)),
    read(header) {
      const tokens = header.split(",", TOKENS_MAX + 1).map((token) => token.trim());
      if (tokens.length > TOKENS_MAX) throw malformed(HEADER, `joins more than ${TOKENS_MAX}`);
      return tokens.flatMap((token) => {
        const payload = sealer.open(token);
        if (payload === undefined) throw malformed(HEADER, "is none of ours");
        return decode(payload);
      });
    },
  };
}

function encodeVersions(versions: readonly AccountVersion[]): Buffer {
  if (versions.length > TOKEN_ACCOUNTS_MAX) throw new RangeError("too many accounts for a token");
  const payload = Buffer.alloc(1 + versions.length * PAIR_BYTES);
  payload.writeUInt8(VERSIONS);
  for (const [i, { accountId, version }] of versions.entries()) {
    const at = 1 + i * PAIR_BYTES;
    payload.write(accountId.replaceAll("-", ""), at, ID_BYTES, "hex");
    payload.writeUInt32BE(version, at + ID_BYTES);
  }
  return payload;
}

function encodeRanges(ranges: readonly EventRange[]): Buffer {
  if (ranges.length > TOKEN_LEDGERS_MAX) throw new RangeError("too many ledgers for a token");
  const payload = Buffer.alloc(1 + ranges.length * RANGE_BYTES);
  payload.writeUInt8(RANGES);
  for (const [i, { ledger, first, count }] of ranges.entries()) {
    const at = 1 + i * RANGE_BYTES;
    payload.writeUInt32BE(ledger, at);
    payload.writeBigUInt64BE(BigInt(first), at + 4);
    payload.writeUInt32BE(count, at + 12);
  }
  return payload;
}

function decode(payload: Buffer): Requirement[] {
  const kind = payload[0];
  if (kind === VERSIONS && (payload.length - 1) % PAIR_BYTES === 0) return decodeVersions(payload);
  if (kind === RANGES && (payload.length - 1) % RANGE_BYTES === 0) return decodeRanges(payload);
  throw malformed(HEADER, "has another format");
}

function decodeVersions(payload: Buffer): Requirement[] {
  return Array.from({ length: (payload.length - 1) / PAIR_BYTES }, (_, i) => {
    const at = 1 + i * PAIR_BYTES;
    const version = payload.readUInt32BE(at + ID_BYTES);
    return { kind: "version", accountId: idOf(payload.subarray(at, at + ID_BYTES)), version };
  });
}

function decodeRanges(payload: Buffer): Requirement[] {
  return Array.from({ length: (payload.length - 1) / RANGE_BYTES }, (_, i) => {
    const at = 1 + i * RANGE_BYTES;
    const first = Number(payload.readBigUInt64BE(at + 4));
    const count = payload.readUInt32BE(at + 12);
    return { kind: "range", ledger: payload.readUInt32BE(at), first, count };
  });
}

function idOf(bytes: Buffer): string {
  return bytes.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

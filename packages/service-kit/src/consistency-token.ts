import { createSealer } from "./opaque.ts";
import { malformed } from "./problem-error.ts";

/** How many accounts one token names; a command that touches more names a position instead. */
export const TOKEN_ACCOUNTS_MAX = 4;
/** How many tokens one header joins. */
const TOKENS_MAX = 16;
/** The format of the payload: a kind byte, then the fields of the kind, big-endian. */
const [VERSIONS, POSITION] = [1, 2];
const ID_BYTES = 16;
const PAIR_BYTES = ID_BYTES + 4;
const POSITION_BYTES = 1 + 4 + 8;
const HEADER = "Consistency-Token";

/** A version that an account has reached. */
export interface AccountVersion {
  readonly accountId: string;
  readonly version: number;
}

/** What a query has to see before it answers. */
export type Requirement =
  | ({ readonly kind: "version" } & AccountVersion)
  | { readonly kind: "position"; readonly ledger: number; readonly position: number };

/** Consistency-Tokens: what a command has done, in at most 200 bytes, authenticated. */
export interface ConsistencyTokens {
  /**
   * The token of a command that left these accounts at these versions; of none, where there was
   * nothing to see. Throws a RangeError for more than four accounts.
   */
  mint(versions: readonly AccountVersion[]): string;
  /** The token of a command that touched more accounts, all of them up to this position. */
  mintPosition(ledger: number, position: number): string;
  /** All that the tokens of a header, joined by commas, ask for. Throws a 400. */
  read(header: string): Requirement[];
}

export function createConsistencyTokens(key: Buffer): ConsistencyTokens {
  const sealer = createSealer(key, "consistency");
  return {
    mint: (versions) => sealer.seal(encodeVersions(versions)),
    mintPosition: (ledger, position) => sealer.seal(encodePosition(ledger, position)),
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

function encodePosition(ledger: number, position: number): Buffer {
  const payload = Buffer.alloc(POSITION_BYTES);
  payload.writeUInt8(POSITION);
  payload.writeUInt32BE(ledger, 1);
  payload.writeBigUInt64BE(BigInt(position), 5);
  return payload;
}

function decode(payload: Buffer): Requirement[] {
  const kind = payload[0];
  if (kind === VERSIONS && (payload.length - 1) % PAIR_BYTES === 0) return decodeVersions(payload);
  if (kind === POSITION && payload.length === POSITION_BYTES) {
    const position = Number(payload.readBigUInt64BE(5));
    return [{ kind: "position", ledger: payload.readUInt32BE(1), position }];
  }
  throw malformed(HEADER, "has another format");
}

function decodeVersions(payload: Buffer): Requirement[] {
  return Array.from({ length: (payload.length - 1) / PAIR_BYTES }, (_, i) => {
    const at = 1 + i * PAIR_BYTES;
    const version = payload.readUInt32BE(at + ID_BYTES);
    return { kind: "version", accountId: idOf(payload.subarray(at, at + ID_BYTES)), version };
  });
}

function idOf(bytes: Buffer): string {
  return bytes.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

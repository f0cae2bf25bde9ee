import { createHash, createHmac, randomBytes, randomUUID } from "node:crypto";
import type { TokenPair } from "@countinghouse/contracts";
import { deriveKey, type SignUserToken } from "@countinghouse/service-kit";

const TOKEN_BYTES = 32;
const SECONDS_PER_MINUTE = 60;

/** Refresh tokens: 256 bits, opaque, known to the database only by their hashes. */
export interface RefreshTokens {
  /** The first of a family. */
  first(): string;
  /** The next of the family; always the same for the same parent, and no guess without the key. */
  childOf(token: string): string;
}

export function createRefreshTokens(secretKey: string): RefreshTokens {
  const key = deriveKey(secretKey, "refresh");
  return {
    first: () => randomBytes(TOKEN_BYTES).toString("base64url"),
    childOf: (token) => createHmac("sha256", key).update(token).digest("base64url"),
  };
}

/** What the database knows a refresh token by. */
export function hashOf(refreshToken: string): Buffer {
  return createHash("sha256").update(refreshToken).digest();
}

/** The session that a pair of tokens belongs to. */
export interface TokenSession {
  readonly sessionId: string;
  readonly userId: string;
  /** How long the session has left. */
  readonly secondsLeft: number;
}

export type IssueTokens = (session: TokenSession, refreshToken: string) => TokenPair;

/** Issues pairs whose access token lives `minutes`, but never longer than its session. */
export function createTokenIssuer(sign: SignUserToken, minutes: number): IssueTokens {
  return ({ sessionId, userId, secondsLeft }, refreshToken) => {
    const expiresIn = Math.min(minutes * SECONDS_PER_MINUTE, secondsLeft);
    const claims = { sub: userId, sid: sessionId, jti: randomUUID() };
    return {
      accessToken: sign(claims, expiresIn),
      tokenType: "Bearer",
      expiresIn,
      refreshToken,
      refreshExpiresIn: secondsLeft,
    };
  };
}

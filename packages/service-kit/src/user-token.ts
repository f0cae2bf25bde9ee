import { createPublicKey } from "node:crypto";
import { createSigner, createVerifier } from "fast-jwt";
import Type from "typebox";
import type { UserTokenKey, VerificationKey } from "./user-token-keys.ts";

const ISSUER = "countinghouse";
const AUDIENCE = "countinghouse-api";
const TYP = "at+jwt";
const MS_PER_MINUTE = 60_000;
/** Clocks of two machines may differ by so much. */
const SKEW_SECONDS = 60;
/** No kid of ours is longer, and no header of ours is anywhere near as long. */
const HEADER_MAX = 512;

/** How long access tokens live: who signs and who checks have to be told the same. */
export const userTokenLifetime = {
  ACCESS_TOKEN_EXPIRE_MINUTES: Type.Integer({ minimum: 1, maximum: 1440, default: 30 }),
};

/** What an access token says: whose session it is. What the user may do is asked of auth. */
export interface UserTokenClaims {
  readonly sub: string;
  readonly sid: string;
  readonly jti: string;
  readonly iat: number;
  readonly exp: number;
}

/** Signs the claims of an access token that lives `seconds`. */
export type SignUserToken = (
  claims: { readonly sub: string; readonly sid: string; readonly jti: string },
  seconds: number,
) => string;

export function createUserTokenSigner(key: UserTokenKey): SignUserToken {
  const { algorithm, kid } = key;
  const header = { alg: algorithm, typ: TYP };
  const sign = createSigner({ algorithm, key: key.signsWith, kid, header });
  return (claims, seconds) => {
    const iat = Math.floor(Date.now() / 1000);
    return sign({ ...claims, iss: ISSUER, aud: AUDIENCE, iat, exp: iat + seconds });
  };
}

/** The claims of a good access token. Throws for any other text. */
export type VerifyUserToken = (token: string) => UserTokenClaims & { readonly kid: string };

/**
 * Verifies access tokens by the keys of a ring. A token names its key, and a key has one algorithm,
 * so that no token chooses how it is checked. Issuer, audience, type and every claim are required,
 * and no token lives longer than a token may get, whatever its `exp` says.
 */
export function createUserTokenVerifier(
  keys: readonly VerificationKey[],
  minutes: number,
): VerifyUserToken {
  const lifetimeSeconds = minutes * 60;
  const ring = new Map(keys.map((key) => [key.kid, { key, verify: verifierOf(key, minutes) }]));
  return (token) => {
    const kid = kidOf(token);
    const entry = ring.get(kid);
    if (entry === undefined) throw new Error("no key of ours");
    const nowSeconds = Date.now() / 1000;
    if ((entry.key.untilSeconds ?? nowSeconds) < nowSeconds) throw new Error("the key is over");
    const claims = entry.verify(token);
    checkForm(token, claims);
    if (claims.exp - claims.iat > lifetimeSeconds) throw new Error("lives too long");
    if (claims.iat > nowSeconds + SKEW_SECONDS) throw new Error("is from the future");
    return { ...claims, kid };
  };
}

function verifierOf({ algorithm, key }: VerificationKey, minutes: number) {
  const bytes = Buffer.from(key, "base64url");
  const pem = () => createPublicKey({ key: bytes, format: "der", type: "spki" });
  return createVerifier({
    key: algorithm === "HS256" ? bytes : pem().export({ format: "pem", type: "spki" }),
    algorithms: [algorithm],
    checkTyp: TYP,
    allowedIss: ISSUER,
    allowedAud: AUDIENCE,
    maxAge: minutes * MS_PER_MINUTE,
    requiredClaims: ["iss", "aud", "sub", "sid", "jti", "iat", "exp"],
    cache: false,
  }) as (token: string) => UserTokenClaims;
}

/**
 * Of the types that auth writes, and spelled in the one way there is: the last letter of a
 * signature has bits to spare.
 */
function checkForm(token: string, { sub, sid, jti, iat, exp }: UserTokenClaims): void {
  if (![sub, sid, jti].every((id) => typeof id === "string")) throw new Error("no texts");
  if (![iat, exp].every(Number.isSafeInteger)) throw new Error("no times");
  if (!token.split(".").every(isCanonical)) throw new Error("is spelled otherwise");
}

function isCanonical(part: string): boolean {
  return Buffer.from(part, "base64url").toString("base64url") === part;
}

/** The key that a token names, unchecked. */
function kidOf(token: string): string {
  const [head = ""] = token.split(".", 1);
  if (head.length > HEADER_MAX) throw new Error("no header of ours");
  const { kid } = JSON.parse(Buffer.from(head, "base64url").toString()) as { kid?: unknown };
  if (typeof kid !== "string") throw new Error("no name of a key");
  return kid;
}

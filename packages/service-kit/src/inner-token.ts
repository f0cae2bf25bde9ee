import { randomUUID } from "node:crypto";
import { ISSUERS, type Issuer, type Role, type ServiceName } from "@countinghouse/contracts";
import { createSigner, createVerifier } from "fast-jwt";
import { followFile } from "./followed-file.ts";
import { ed25519FromPublic, ed25519FromSeed } from "./keys.ts";
import { type Principal, unauthenticated } from "./principal.ts";

/** An inner token lives this long; a revoked session's tokens die within it. */
export const INNER_TOKEN_SECONDS = 60;
const CACHE_MAX = 10_000;
const TYP = "inner+jwt";

/** Signs inner tokens (JWT, EdDSA) as one issuer. */
export interface InnerSigner {
  forUser(audience: ServiceName, user: Omit<Principal & { kind: "user" }, "kind">): string;
  forSelf(audience: ServiceName): string;
}

/** Signs with the key of this seed, or with the one that stands in `file` by then. */
export function createInnerSigner(issuer: Issuer, seed: string, file?: string): InnerSigner {
  let sign = signerOf(issuer, seed);
  followFile(file, (text) => {
    sign = signerOf(issuer, text);
  });
  return {
    forUser(aud, { userId, sessionId, roles }) {
      return sign({ aud, sub: userId, sid: sessionId, roles, jti: randomUUID() });
    },
    forSelf(aud) {
      return sign({ aud, sub: `service:${issuer}`, roles: [], jti: randomUUID() });
    },
  };
}

function signerOf(issuer: Issuer, seed: string): (claims: object) => string {
  const key = ed25519FromSeed(Buffer.from(seed, "base64url")).export({
    format: "pem",
    type: "pkcs8",
  });
  return createSigner({
    algorithm: "EdDSA",
    key,
    header: { alg: "EdDSA", typ: TYP },
    kid: issuer,
    iss: issuer,
    expiresIn: INNER_TOKEN_SECONDS * 1000,
  });
}

export type InnerVerifier = (token: string) => Principal;

interface Claims {
  readonly iss: Issuer;
  readonly sub: string;
  readonly sid?: string;
  readonly roles: readonly Role[];
  readonly exp: number;
}

/**
 * Verifies inner tokens for one service, by the public keys of their issuers: of each one key, or a
 * list while one takes over from another; those of `file` where it has changed. Only the gateway
 * speaks for users; other issuers speak for themselves. A verified token is remembered for its
 * life. Throws a 401.
 */
export function createInnerVerifier(
  audience: ServiceName,
  publicKeys: string,
  file?: string,
): InnerVerifier {
  let verifiers = verifiersOf(audience, publicKeys);
  const known = new Map<string, { principal: Principal; expiresAtMs: number }>();
  followFile(file, (text) => {
    verifiers = verifiersOf(audience, text);
    known.clear();
  });
  return (token) => {
    const hit = known.get(token);
    if (hit !== undefined && hit.expiresAtMs > Date.now()) return hit.principal;
    const claims = verify(token, verifiers);
    const principal = principalOf(claims);
    if (known.size >= CACHE_MAX) known.clear();
    known.set(token, { principal, expiresAtMs: claims.exp * 1000 });
    return principal;
  };
}

type Verify = (token: string) => Claims;
type Verifiers = ReadonlyMap<string, readonly Verify[]>;

function verifiersOf(audience: ServiceName, publicKeys: string): Verifiers {
  const keys = JSON.parse(publicKeys) as Record<string, string | readonly string[]>;
  const pairs = ISSUERS.filter((issuer) => keys[issuer] !== undefined).map((issuer) => {
    const own = [keys[issuer] ?? []].flat();
    return [issuer, own.map((key) => verifierOf(audience, issuer, key))] as const;
  });
  return new Map(pairs);
}

function verifierOf(audience: ServiceName, issuer: Issuer, key: string): Verify {
  return createVerifier({
    key: ed25519FromPublic(key).export({ format: "pem", type: "spki" }),
    algorithms: ["EdDSA"],
    checkTyp: TYP,
    allowedIss: issuer,
    allowedAud: audience,
    maxAge: INNER_TOKEN_SECONDS * 1000,
    requiredClaims: ["iss", "aud", "sub", "roles", "iat", "exp", "jti"],
    cache: false,
  }) as Verify;
}

function verify(token: string, verifiers: Verifiers): Claims {
  for (const verifier of verifiers.get(kidOf(token)) ?? []) {
    try {
      return verifier(token);
    } catch {
      // Which of the checks failed is nobody's business; the issuer's other key may know it.
    }
  }
  throw unauthenticated();
}

function kidOf(token: string): string {
  try {
    const [head = ""] = token.split(".", 1);
    const { kid } = JSON.parse(Buffer.from(head, "base64url").toString()) as { kid?: string };
    return kid ?? "";
  } catch {
    throw unauthenticated();
  }
}

function principalOf({ iss, sub, sid, roles }: Claims): Principal {
  if (sub === `service:${iss}`) return { kind: "service", name: iss };
  if (iss !== "gateway" || sid === undefined) throw unauthenticated();
  return { kind: "user", userId: sub, sessionId: sid, roles };
}

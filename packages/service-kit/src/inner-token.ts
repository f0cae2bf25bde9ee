import { randomUUID } from "node:crypto";
import { ISSUERS, type Issuer, type Role, type ServiceName } from "@countinghouse/contracts";
import { createSigner, createVerifier } from "fast-jwt";
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

export function createInnerSigner(issuer: Issuer, seed: string): InnerSigner {
  const key = ed25519FromSeed(Buffer.from(seed, "base64url")).export({
    format: "pem",
    type: "pkcs8",
  });
  const sign = createSigner({
    algorithm: "EdDSA",
    key,
    header: { alg: "EdDSA", typ: TYP },
    kid: issuer,
    iss: issuer,
    expiresIn: INNER_TOKEN_SECONDS * 1000,
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

export type InnerVerifier = (token: string) => Principal;

interface Claims {
  readonly iss: Issuer;
  readonly sub: string;
  readonly sid?: string;
  readonly roles: readonly Role[];
  readonly exp: number;
}

/**
 * Verifies inner tokens for one service. Only the gateway speaks for users; other issuers speak for
 * themselves. A verified token is remembered for its life. Throws a 401.
 */
export function createInnerVerifier(audience: ServiceName, publicKeys: string): InnerVerifier {
  const verifiers = verifiersOf(audience, publicKeys);
  const known = new Map<string, { principal: Principal; expiresAtMs: number }>();
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

type Verifiers = ReadonlyMap<string, (token: string) => Claims>;

function verifiersOf(audience: ServiceName, publicKeys: string): Verifiers {
  const keys = JSON.parse(publicKeys) as Record<string, string>;
  const pairs = ISSUERS.filter((issuer) => keys[issuer] !== undefined).map((issuer) => {
    const publicKey = ed25519FromPublic(keys[issuer] as string);
    const verifier = createVerifier({
      key: publicKey.export({ format: "pem", type: "spki" }),
      algorithms: ["EdDSA"],
      checkTyp: TYP,
      allowedIss: issuer,
      allowedAud: audience,
      maxAge: INNER_TOKEN_SECONDS * 1000,
      requiredClaims: ["iss", "aud", "sub", "roles", "iat", "exp", "jti"],
      cache: false,
    });
    return [issuer, verifier as (token: string) => Claims] as const;
  });
  return new Map(pairs);
}

function verify(token: string, verifiers: Verifiers): Claims {
  try {
    const [head = ""] = token.split(".", 1);
    const { kid } = JSON.parse(Buffer.from(head, "base64url").toString()) as { kid?: string };
    const verifier = verifiers.get(kid ?? "");
    if (verifier !== undefined) return verifier(token);
  } catch {
    // Which of the checks failed is nobody's business.
  }
  throw unauthenticated();
}

function principalOf({ iss, sub, sid, roles }: Claims): Principal {
  if (sub === `service:${iss}`) return { kind: "service", name: iss };
  if (iss !== "gateway" || sid === undefined) throw unauthenticated();
  return { kind: "user", userId: sub, sessionId: sid, roles };
}

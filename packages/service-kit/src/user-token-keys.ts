import {
  createECDH,
  createHash,
  createPrivateKey,
  createPublicKey,
  type KeyObject,
} from "node:crypto";
import Type from "typebox";
import { deriveKey, ed25519FromSeed } from "./keys.ts";

export const USER_TOKEN_ALGORITHMS = ["HS256", "ES256", "EdDSA"] as const;
export type UserTokenAlgorithm = (typeof USER_TOKEN_ALGORITHMS)[number];

/** The settings of the keys of user tokens; only auth, which signs, has them. */
export const userTokenKeyConfig = {
  SECRET_KEY: Type.String({ minLength: 32, maxLength: 4096 }),
  /** The secret before this one: what was made with it stays good, and nothing new is. */
  SECRET_KEY_PREVIOUS: Type.Optional(Type.String({ minLength: 32, maxLength: 4096 })),
  ALGORITHM: Type.Enum([...USER_TOKEN_ALGORITHMS], { default: "HS256" }),
};

/** What access tokens are checked with: of a pair of keys the public one. */
export interface VerificationKey {
  readonly kid: string;
  readonly algorithm: UserTokenAlgorithm;
  /** In base64url: the secret of HS256, else the public key (SPKI, DER). */
  readonly key: string;
  /** When its last token is over, in seconds since 1970; absent while it may sign. */
  readonly untilSeconds?: number;
}

/** What access tokens are signed with. */
export interface UserTokenKey extends VerificationKey {
  /** In PEM, or the secret of HS256. It never leaves auth. */
  readonly signsWith: string | Buffer;
}

/**
 * The key that a secret and a salt make, always the same. So no key is stored anywhere: who has the
 * salt needs the secret as well. Each algorithm gets a key of its own.
 */
export function userTokenKey(
  secretKey: string,
  algorithm: UserTokenAlgorithm,
  salt: Buffer,
): UserTokenKey {
  const seed = deriveKey(secretKey, `user-token:${algorithm}:${salt.toString("hex")}`);
  if (algorithm === "HS256") {
    const kid = fingerprint(deriveKey(seed.toString("hex"), "kid"));
    return { kid, algorithm, key: seed.toString("base64url"), signsWith: seed };
  }
  const pair = algorithm === "ES256" ? p256FromSeed(seed) : ed25519FromSeed(seed);
  const pem = pair.export({ format: "pem", type: "pkcs8" }) as string;
  const spki = createPublicKey(pem).export({ format: "der", type: "spki" });
  return { kid: fingerprint(spki), algorithm, key: spki.toString("base64url"), signsWith: pem };
}

interface PublicKey {
  readonly kty: string;
  readonly [member: string]: unknown;
}

/** The public keys among these (RFC 7517); the key of HS256 is none. */
export function userTokenKeySet(keys: readonly VerificationKey[]): { keys: PublicKey[] } {
  const shown = keys.filter(({ algorithm }) => algorithm !== "HS256");
  return {
    keys: shown.map(({ kid, algorithm, key }) => {
      const bytes = Buffer.from(key, "base64url");
      const spki = createPublicKey({ key: bytes, format: "der", type: "spki" });
      const jwk = spki.export({ format: "jwk" }) as { kty: string };
      return { ...jwk, kid, alg: algorithm, use: "sig" };
    }),
  };
}

function p256FromSeed(seed: Buffer): KeyObject {
  const ecdh = createECDH("prime256v1");
  ecdh.setPrivateKey(seed);
  const point = ecdh.getPublicKey();
  const jwk = {
    kty: "EC",
    crv: "P-256",
    d: seed.toString("base64url"),
    x: point.subarray(1, 33).toString("base64url"),
    y: point.subarray(33, 65).toString("base64url"),
  };
  return createPrivateKey({ key: jwk, format: "jwk" });
}

function fingerprint(bytes: Buffer): string {
  return createHash("sha256").update(bytes).digest("base64url").slice(0, 16);
}

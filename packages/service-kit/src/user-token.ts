import {
  createECDH,
  createHash,
  createPrivateKey,
  createPublicKey,
  type KeyObject,
} from "node:crypto";
import type { FastifyJWTOptions } from "@fastify/jwt";
import Type from "typebox";
import { deriveKey, ed25519FromSeed } from "./keys.ts";

const ISSUER = "countinghouse";
const AUDIENCE = "countinghouse-api";
const TYP = "at+jwt";
const SECONDS_PER_MINUTE = 60;

/**
 * The settings of user tokens; only auth, which signs, and the gateway, which checks, have them.
 */
export const userTokenConfig = {
  SECRET_KEY: Type.String({ minLength: 32, maxLength: 4096 }),
  ALGORITHM: Type.Enum(["HS256", "ES256", "EdDSA"], { default: "HS256" }),
  ACCESS_TOKEN_EXPIRE_MINUTES: Type.Integer({ minimum: 1, maximum: 1440, default: 30 }),
};

export interface UserTokenConfig {
  readonly SECRET_KEY: string;
  readonly ALGORITHM: string;
  readonly ACCESS_TOKEN_EXPIRE_MINUTES: number;
}

/** What an access token says: whose session it is. What the user may do is asked of auth. */
export interface UserTokenClaims {
  readonly sub: string;
  readonly sid: string;
  readonly jti: string;
  readonly iat: number;
  readonly exp: number;
}

/**
 * Options of @fastify/jwt for access tokens: one algorithm, one issuer, one audience, every claim
 * required, and no token older than a token may get, whatever its `exp` says.
 */
export function userTokenOptions(config: UserTokenConfig): FastifyJWTOptions {
  const { algorithm, secret, kid } = signingKey(config);
  // @fastify/jwt takes numbers as seconds, unlike fast-jwt below it.
  const lifetimeSeconds = config.ACCESS_TOKEN_EXPIRE_MINUTES * SECONDS_PER_MINUTE;
  return {
    secret,
    sign: {
      algorithm,
      kid,
      iss: ISSUER,
      aud: AUDIENCE,
      expiresIn: lifetimeSeconds,
      header: { alg: algorithm, typ: TYP },
    },
    verify: {
      algorithms: [algorithm],
      checkTyp: TYP,
      allowedIss: ISSUER,
      allowedAud: AUDIENCE,
      maxAge: lifetimeSeconds,
      requiredClaims: ["iss", "aud", "sub", "sid", "jti", "iat", "exp"],
      cache: false,
    },
  };
}

/** The public keys of access tokens (RFC 7517); none with HS256, whose key is secret. */
export function userTokenKeySet(config: UserTokenConfig): { keys: PublicKey[] } {
  const { kid, publicKey, algorithm } = signingKey(config);
  if (publicKey === undefined) return { keys: [] };
  const jwk = publicKey.export({ format: "jwk" }) as { kty: string };
  return { keys: [{ ...jwk, kid, alg: algorithm, use: "sig" }] };
}

interface PublicKey {
  readonly kty: string;
  readonly [member: string]: unknown;
}

interface SigningKey {
  readonly algorithm: "HS256" | "ES256" | "EdDSA";
  readonly secret: string | { private: string; public: string };
  readonly publicKey?: KeyObject;
  readonly kid: string;
}

function signingKey({ SECRET_KEY, ALGORITHM }: UserTokenConfig): SigningKey {
  if (ALGORITHM === "HS256") {
    const kid = fingerprint(deriveKey(SECRET_KEY, "kid:HS256"));
    return { algorithm: "HS256", secret: SECRET_KEY, kid };
  }
  const algorithm = ALGORITHM === "ES256" ? "ES256" : "EdDSA";
  const seed = deriveKey(SECRET_KEY, `user-token:${algorithm}`);
  const key = algorithm === "ES256" ? p256FromSeed(seed) : ed25519FromSeed(seed);
  const publicKey = createPublicKey(key.export({ format: "pem", type: "pkcs8" }));
  const publicPem = publicKey.export({ format: "pem", type: "spki" }) as string;
  const secret = {
    private: key.export({ format: "pem", type: "pkcs8" }) as string,
    public: publicPem,
  };
  return { algorithm, secret, publicKey, kid: fingerprint(Buffer.from(publicPem)) };
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

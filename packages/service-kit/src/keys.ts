import { createPrivateKey, createPublicKey, hkdfSync, type KeyObject } from "node:crypto";

const KEY_BYTES = 32;
const ED25519_PKCS8_PREFIX = Buffer.from("302e020100300506032b657004220420", "hex");

/**
 * A 32-byte key for one purpose, derived from the secret by HKDF-SHA-256 (RFC 5869). Keys of
 * different purposes tell nothing about each other or about the secret.
 */
export function deriveKey(secretKey: string, purpose: string): Buffer {
  return Buffer.from(hkdfSync("sha256", secretKey, "countinghouse", purpose, KEY_BYTES));
}

/** The Ed25519 private key (RFC 8032) of a 32-byte seed. Throws when it has another length. */
export function ed25519FromSeed(seed: Buffer): KeyObject {
  if (seed.length !== KEY_BYTES) throw new RangeError("an Ed25519 seed has 32 bytes");
  const der = Buffer.concat([ED25519_PKCS8_PREFIX, seed]);
  return createPrivateKey({ key: der, format: "der", type: "pkcs8" });
}

/** The raw public key of an Ed25519 private key, base64url, as INNER_PUBLIC_KEYS lists it. */
export function ed25519PublicKey(privateKey: KeyObject): string {
  const { x } = createPublicKey(privateKey).export({ format: "jwk" });
  if (x === undefined) throw new TypeError("not an Ed25519 key");
  return x;
}

/** The Ed25519 public key object of its raw base64url form. */
export function ed25519FromPublic(raw: string): KeyObject {
  return createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x: raw }, format: "jwk" });
}

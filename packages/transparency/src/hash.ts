import { hash } from "node:crypto";

/** A SHA-256 hash: 32 bytes. */
export type Hash = Buffer;

export const HASH_BYTES = 32;

/** The root of a tree without leaves (RFC 6962, 2.1). */
export const EMPTY_ROOT: Hash = sha256(Buffer.alloc(0));

const LEAF_PREFIX = 0x00;
const NODE_PREFIX = 0x01;

export function sha256(bytes: Uint8Array): Hash {
  return hash("sha256", bytes, "buffer");
}

/** The hash of a leaf: SHA-256(0x00 ‖ bytes). */
export function leafHash(bytes: Uint8Array): Hash {
  const input = Buffer.allocUnsafe(bytes.length + 1);
  input[0] = LEAF_PREFIX;
  input.set(bytes, 1);
  return sha256(input);
}

/** One for all calls: it is filled and hashed without anything happening in between. */
const nodeInput = Buffer.alloc(1 + 2 * HASH_BYTES);
nodeInput[0] = NODE_PREFIX;

/** The hash of a node: SHA-256(0x01 ‖ left ‖ right). */
export function nodeHash(left: Hash, right: Hash): Hash {
  nodeInput.set(left, 1);
  nodeInput.set(right, 1 + HASH_BYTES);
  return sha256(nodeInput);
}

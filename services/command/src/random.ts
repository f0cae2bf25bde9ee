import { randomFillSync } from "node:crypto";

/** Asking the system for few bytes costs as much as for many, so many are taken at a time. */
const POOL_BYTES = 4_096;

/** Gives so many random bytes at each call, none of them twice. */
export function createRandom(bytes: number): () => Uint8Array {
  const pool = Buffer.alloc(POOL_BYTES);
  let used = POOL_BYTES;
  return () => {
    if (used + bytes > POOL_BYTES) {
      randomFillSync(pool);
      used = 0;
    }
    used += bytes;
    return pool.subarray(used - bytes, used);
  };
}

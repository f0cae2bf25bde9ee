import { createHmac, createSecretKey, timingSafeEqual } from "node:crypto";

const MAC_BYTES = 16;

/**
 * Seals bytes into an opaque text for one purpose: base64url of the bytes and their truncated
 * HMAC-SHA-256. What is inside is readable but cannot be changed or used for another purpose.
 */
export interface Sealer {
  seal(payload: Buffer): string;
  /** The payload, or undefined when it was not sealed here, for this purpose, byte for byte. */
  open(text: string): Buffer | undefined;
}

export function createSealer(key: Buffer, purpose: string): Sealer {
  // As an object once: from its bytes, node would make one for every text, at five times the cost.
  const secret = createSecretKey(key);
  const mac = (payload: Buffer) => {
    const hmac = createHmac("sha256", secret).update(purpose).update("\0").update(payload);
    return hmac.digest().subarray(0, MAC_BYTES);
  };
  return {
    seal: (payload) => Buffer.concat([payload, mac(payload)]).toString("base64url"),
    open(text) {
      const bytes = Buffer.from(text, "base64url");
      // The last character has spare bits: only the canonical spelling is ours.
      if (bytes.length < MAC_BYTES || bytes.toString("base64url") !== text) return undefined;
      const payload = bytes.subarray(0, -MAC_BYTES);
      return timingSafeEqual(mac(payload), bytes.subarray(-MAC_BYTES)) ? payload : undefined;
    },
  };
}

import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";

/** What a sealed text begins with; another way of sealing would get another number. */
const FORMAT = 1;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** A sealed secret cannot be opened: it was changed, moved to another owner, or has another key. */
export class SealBrokenError extends Error {
  readonly code = "crypt_decrypt_fail";
  readonly retryable = false;

  constructor() {
    super("a sealed secret cannot be opened");
    this.name = "SealBrokenError";
  }
}

/** Keeps secrets unreadable where they are stored (AES-256-GCM). */
export interface SecretBox {
  /** The secret, sealed for one owner: nowhere else can it be opened. */
  seal(secret: Buffer, owner: string): Buffer;
  /** Throws a SealBrokenError when the bytes are not what was sealed for this owner. */
  open(sealed: Buffer, owner: string): Buffer;
}

/** A box whose key is 32 bytes and serves this one purpose. */
export function createSecretBox(key: Buffer): SecretBox {
  return {
    seal(secret, owner) {
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv("aes-256-gcm", key, nonce).setAAD(Buffer.from(owner));
      const text = Buffer.concat([cipher.update(secret), cipher.final()]);
      return Buffer.concat([Buffer.of(FORMAT), nonce, cipher.getAuthTag(), text]);
    },
    open(sealed, owner) {
      const nonce = sealed.subarray(1, 1 + NONCE_BYTES);
      const text = sealed.subarray(1 + NONCE_BYTES + TAG_BYTES);
      const tag = sealed.subarray(1 + NONCE_BYTES, 1 + NONCE_BYTES + TAG_BYTES);
      if (sealed[0] !== FORMAT || tag.length !== TAG_BYTES) throw new SealBrokenError();
      const decipher = createDecipheriv("aes-256-gcm", key, nonce, { authTagLength: TAG_BYTES });
      decipher.setAAD(Buffer.from(owner)).setAuthTag(tag);
      try {
        return Buffer.concat([decipher.update(text), decipher.final()]);
      } catch {
        throw new SealBrokenError();
      }
    },
  };
}

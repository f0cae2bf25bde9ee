import { createHash, randomBytes } from "node:crypto";

const CODES = 10;
/** 80 bits: no search through a stolen table of hashes finds one. */
const CODE_BYTES = 10;
/** Base 32 without the letters that look like others (Crockford). */
const LETTERS = "0123456789abcdefghjkmnpqrstvwxyz";
const GROUP = /.{4}(?=.)/g;

/** Fresh codes, each for one use instead of a code of the authenticator. */
export function newRecoveryCodes(): string[] {
  return Array.from({ length: CODES }, () => {
    const bits = [...randomBytes(CODE_BYTES)].map((byte) => byte.toString(2).padStart(8, "0"));
    const digits = bits.join("").match(/.{5}/g) ?? [];
    const letters = digits.map((digit) => LETTERS[Number.parseInt(digit, 2)]);
    return letters.join("").replaceAll(GROUP, "$&-");
  });
}

/** What the database knows a code by; how it was typed (case, dashes, spaces) does not matter. */
export function recoveryHash(code: string): Buffer {
  const typed = code.toLowerCase().replaceAll(/[\s-]/g, "");
  return createHash("sha256").update(typed).digest();
}

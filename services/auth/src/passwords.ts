import { randomBytes } from "node:crypto";
import { ProblemError } from "@countinghouse/service-kit";
import argon2 from "argon2";
import { isCommonPassword } from "./common-passwords.ts";
import { createTurnstile } from "./turnstile.ts";

/** argon2id, the library's default, as OWASP has it: 19 MiB, two passes, one lane; some 31 ms. */
const COST = { memoryCost: 19 * 1024, timeCost: 2, parallelism: 1 } as const;
const SALT_BYTES = 16;
const HASH_BYTES = 32;
/** Hashing runs on libuv's four threads, which everything else in the process needs, too. */
const HASHING_AT_ONCE = 2;
/** One to two seconds of work; who comes later is told to come again. */
const HASHING_WAITING_MAX = 64;
const RETRY_AFTER_SECONDS = 2;

/** Hashes and checks passwords, a few at a time. Both throw a 429 before any work when swamped. */
export interface Passwords {
  hash(password: string): Promise<string>;
  /** Without a hash it works as long and says no, so that nobody can tell who is a user. */
  verify(hash: string | undefined, password: string): Promise<boolean>;
}

export function createPasswords(): Passwords {
  const decoy = decoyHash();
  const turnstile = createTurnstile({
    atOnce: HASHING_AT_ONCE,
    waitingMax: HASHING_WAITING_MAX,
    refusal: () => new ProblemError("rate_limited", { retryAfterSeconds: RETRY_AFTER_SECONDS }),
  });
  return {
    hash(password) {
      return turnstile.pass(() => argon2.hash(password, { ...COST, hashLength: HASH_BYTES }));
    },
    verify(hash, password) {
      return turnstile.pass(() => argon2.verify(hash ?? decoy, password));
    },
  };
}

/** Throws a 422 for a password that is too common to be anybody's. */
export async function refuseCommon(password: string): Promise<void> {
  if (await isCommonPassword(password)) throw new ProblemError("password_rejected");
}

/** A hash of our cost that no password has: salt and digest are both random. */
function decoyHash(): string {
  const [salt, digest] = [SALT_BYTES, HASH_BYTES].map((bytes) => {
    return randomBytes(bytes).toString("base64").replaceAll("=", "");
  });
  const { memoryCost, timeCost, parallelism } = COST;
  return `$argon2id$v=19$m=${memoryCost},p=${parallelism},t=${timeCost}$${salt}$${digest}`;
}

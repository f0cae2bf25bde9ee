import { randomBytes } from "node:crypto";
import { availableParallelism } from "node:os";
import { ProblemError } from "@countinghouse/service-kit";
import argon2 from "argon2";
import { createTurnstile } from "./turnstile.ts";

/** What a hash costs; the defaults are what OWASP has: 19 MiB, two passes, one lane; some 31 ms. */
export interface PasswordCost {
  readonly PASSWORD_MEMORY_KIB: number;
  readonly PASSWORD_PASSES: number;
}

const LANES = 1;
const SALT_BYTES = 16;
const HASH_BYTES = 32;
/**
 * Hashing runs on libuv's four threads, which everything else in the process needs, too; and the
 * other half of the processors is for those who are in already.
 */
const HASHING_AT_ONCE = Math.min(3, Math.max(1, Math.floor(availableParallelism() / 2)));
/** One to two seconds of work; who comes later is told to come again. */
const HASHING_WAITING_MAX = 64;
const RETRY_AFTER_SECONDS = 2;

/** What other systems hashed with bcrypt and we take over. */
export const BCRYPT = /^\$2[abxy]\$(0[4-9]|1[0-6])\$[./A-Za-z0-9]{53}$/;

/** Hashes and checks passwords, a few at a time. Both throw a 429 before any work when swamped. */
export interface Passwords {
  hash(password: string): Promise<string>;
  /**
   * Whether the password has this hash, ours or one of bcrypt. Without a hash it works as long and
   * says no, so that nobody can tell who is a user. `first` is done when the turn has come, before
   * the work; its failure is the caller's.
   */
  verify(hash: string | undefined, password: string, first?: () => Promise<void>): Promise<boolean>;
  /** Whether a password with this hash would be hashed otherwise today. */
  isOutdated(hash: string): boolean;
}

export function createPasswords(cost: PasswordCost): Passwords {
  const options = {
    memoryCost: cost.PASSWORD_MEMORY_KIB,
    timeCost: cost.PASSWORD_PASSES,
    parallelism: LANES,
  };
  const decoy = decoyHash(options);
  const turnstile = createTurnstile({
    atOnce: HASHING_AT_ONCE,
    waitingMax: HASHING_WAITING_MAX,
    refusal: () => new ProblemError("rate_limited", { retryAfterSeconds: RETRY_AFTER_SECONDS }),
  });
  return {
    hash(password) {
      return turnstile.pass(() => argon2.hash(password, { ...options, hashLength: HASH_BYTES }));
    },
    verify(hash = decoy, password, first) {
      return turnstile.pass(async () => {
        await first?.();
        if (!BCRYPT.test(hash)) return argon2.verify(hash, password);
        const bcrypt = await import("@node-rs/bcrypt");
        return bcrypt.verify(password, hash);
      });
    },
    isOutdated: (hash) => BCRYPT.test(hash) || argon2.needsRehash(hash, options),
  };
}

/** A hash of our cost that no password has: salt and digest are both random. */
function decoyHash(cost: Readonly<Record<string, number>>): string {
  const [salt, digest] = [SALT_BYTES, HASH_BYTES].map((bytes) => {
    return randomBytes(bytes).toString("base64").replaceAll("=", "");
  });
  const { memoryCost, timeCost, parallelism } = cost;
  return `$argon2id$v=19$m=${memoryCost},t=${timeCost},p=${parallelism}$${salt}$${digest}`;
}

import { createHash } from "node:crypto";
import { ProblemError } from "@countinghouse/service-kit";
import { type Kysely, sql } from "kysely";
import type { Tables } from "./tables.ts";

/** What failures are counted on, and how many it bears. */
export interface GuessKey {
  readonly hash: Buffer;
  /** With so many failures within the window the key is blocked. */
  readonly tries: number;
  readonly windowSeconds: number;
  /** The first block is so long; each further failure blocks for twice as long as the last. */
  readonly firstSeconds: number;
  readonly mostSeconds: number;
}

/** How many failures in a row each kind of key bears; 0 switches one off. */
export interface GuessLimits {
  readonly LOGIN_FAILURES_ACCOUNT: number;
  readonly LOGIN_FAILURES_DEVICE: number;
  readonly LOGIN_FAILURES_ADDRESS: number;
  /** Failures of strangers in ten minutes from which on accounts and addresses bear less. */
  readonly LOGIN_FAILURES_GLOBAL: number;
}

/** A guess that may be tried, and counts as a failure until it turns out to be none. */
export interface Guess {
  /** Whether a key is blocked from here on if the guess fails. */
  readonly isLast: boolean;
  /** It was right: it does not count. */
  giveBack(): Promise<void>;
}

/**
 * Counts wrong passwords and codes in the database, for all processes and over restarts. A guess
 * is counted before it is tried, so that many at once get no further than one after another.
 */
export interface Guesses {
  /** What a stranger's login counts on: the account, somebody's or nobody's, and the address. */
  ofStranger(emailKey: string, address: string): readonly GuessKey[];
  /** A known device counts for itself: no stranger shuts it out, and it guesses not for ever. */
  ofDevice(device: Buffer): readonly GuessKey[];
  /** What proofs count on that somebody gives who is logged in. */
  ofProof(userId: string): readonly GuessKey[];
  isBlocked(keys: readonly GuessKey[]): Promise<boolean>;
  /** Throws a 429 when one of the keys is blocked; writes nothing. */
  refuseBlocked(keys: readonly GuessKey[]): Promise<void>;
  /** Throws a 429 when one of the keys is blocked; then nothing is counted. */
  take(keys: readonly GuessKey[]): Promise<Guess>;
  /** Forgets all failures, and so lifts the block, of keys. */
  forget(hashes: readonly Buffer[]): Promise<void>;
  /** Clears away what counts for nothing any more. */
  clean(): Promise<void>;
}

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const UNLIMITED = 2 ** 31 - 1;
/** While guesses come from everywhere, so much less is borne. */
const STORM = { account: 2, address: 5 } as const;

const OF_PERSON = { windowSeconds: DAY, firstSeconds: MINUTE, mostSeconds: HOUR };
const OF_ADDRESS = { windowSeconds: HOUR / 4, firstSeconds: MINUTE, mostSeconds: HOUR / 4 };
const OF_BANK = { windowSeconds: HOUR / 6, firstSeconds: 0, mostSeconds: 0 };
const GLOBAL = hashOf("global", "");

export function createGuesses(db: Kysely<Tables>, limits: GuessLimits): Guesses {
  const account = limits.LOGIN_FAILURES_ACCOUNT || UNLIMITED;
  const address = limits.LOGIN_FAILURES_ADDRESS || UNLIMITED;
  const device = limits.LOGIN_FAILURES_DEVICE || UNLIMITED;
  const global = limits.LOGIN_FAILURES_GLOBAL || UNLIMITED;
  let isStorm = false;

  async function secondsBlocked(keys: readonly GuessKey[]): Promise<number> {
    const { seconds, failures } = await lookUp(db, keys);
    isStorm = failures >= global;
    return seconds;
  }

  return {
    ofStranger: (emailKey, from) => [
      {
        ...OF_PERSON,
        hash: accountHash(emailKey),
        tries: isStorm ? Math.min(account, STORM.account) : account,
      },
      {
        ...OF_ADDRESS,
        hash: hashOf("address", from),
        tries: isStorm ? Math.min(address, STORM.address) : address,
      },
      { ...OF_BANK, hash: GLOBAL, tries: UNLIMITED },
    ],
    ofDevice: (hash) => [{ ...OF_PERSON, hash, tries: device }],
    ofProof: (userId) => [{ ...OF_PERSON, hash: proofHash(userId), tries: device }],
    isBlocked: async (keys) => (await secondsBlocked(keys)) > 0,
    async refuseBlocked(keys) {
      const seconds = await secondsBlocked(keys);
      if (seconds > 0) throw blocked(seconds);
    },
    async take(keys) {
      const seconds = await takeOne(db, keys);
      if (seconds > 0) throw blocked(seconds);
      return { isLast: seconds < 0, giveBack: () => giveBackOne(db, keys) };
    },
    async forget(hashes) {
      await db
        .deleteFrom("auth.guesses")
        .where("key", "in", [...hashes])
        .execute();
    },
    async clean() {
      await sql`DELETE FROM auth.guesses
        WHERE began_at < now() - make_interval(secs => ${DAY})
          AND coalesce(blocked_until < now(), true)`.execute(db);
    },
  };
}

/**
 * Whether somebody who is logged in proves who it is by `work`, which does `first` right before it
 * tries the proof. Throws a 429 when there were too many failures.
 */
export async function proving(
  guesses: Guesses,
  userId: string,
  work: (first: () => Promise<void>) => Promise<boolean>,
): Promise<boolean> {
  const keys = guesses.ofProof(userId);
  await guesses.refuseBlocked(keys);
  const taken: Guess[] = [];
  const isRight = await work(async () => void taken.push(await guesses.take(keys)));
  if (isRight) await guesses.forget(keys.map(({ hash }) => hash));
  return isRight;
}

/** What an account's failures are counted on; users.ts finds it by the same in SQL. */
export function accountHash(emailKey: string): Buffer {
  return hashOf("account", emailKey);
}

export function proofHash(userId: string): Buffer {
  return hashOf("proof", userId);
}

function hashOf(kind: string, text: string): Buffer {
  return createHash("sha256").update(`${kind} ${text}`).digest();
}

function blocked(seconds: number): ProblemError {
  return new ProblemError("rate_limited", { retryAfterSeconds: Math.ceil(seconds) });
}

/** The longest block of the keys, and the failures of strangers in the present ten minutes. */
async function lookUp(
  db: Kysely<Tables>,
  keys: readonly GuessKey[],
): Promise<{ seconds: number; failures: number }> {
  const hashes = keys.map(({ hash }) => hash);
  const { rows } = await sql<{ seconds: number; failures: number }>`
    SELECT coalesce(
             max(extract(epoch FROM blocked_until - now())) FILTER (WHERE key = ANY (${hashes})), 0
           )::float8 AS seconds,
           coalesce(max(failures) FILTER (
             WHERE key = ${GLOBAL}
               AND began_at > now() - make_interval(secs => ${OF_BANK.windowSeconds})
           ), 0) AS failures
      FROM auth.guesses WHERE key = ANY (${hashes}) OR key = ${GLOBAL}`.execute(db);
  return rows[0] ?? { seconds: 0, failures: 0 };
}

async function takeOne(db: Kysely<Tables>, keys: readonly GuessKey[]): Promise<number> {
  const { rows } = await sql<{ seconds: number }>`
    SELECT auth.take_guess(
      ${keys.map(({ hash }) => hash)}::bytea[],
      ${keys.map(({ tries }) => tries)}::integer[],
      ${keys.map(({ windowSeconds }) => windowSeconds)}::integer[],
      ${keys.map(({ firstSeconds }) => firstSeconds)}::integer[],
      ${keys.map(({ mostSeconds }) => mostSeconds)}::integer[]
    ) AS seconds`.execute(db);
  return rows[0]?.seconds ?? 0;
}

async function giveBackOne(db: Kysely<Tables>, keys: readonly GuessKey[]): Promise<void> {
  await sql`SELECT auth.give_guess_back(
    ${keys.map(({ hash }) => hash)}::bytea[], ${keys.map(({ tries }) => tries)}::integer[]
  )`.execute(db);
}

import {
  createUserTokenSigner,
  type Logger,
  ProblemError,
  type SignUserToken,
  type UserTokenKey,
  userTokenKey,
  type VerificationKey,
} from "@countinghouse/service-kit";
import type { Kysely } from "kysely";
import type { Tables } from "../tables.ts";
import { type KeyRow, type KeySettings, listKeys } from "./store.ts";

/** The keys of access tokens as this process knows them. */
export interface KeyRing {
  /** Reads them anew. */
  load(): Promise<void>;
  /** Signs with the newest key that is in use. Throws a 503 before the first load. */
  readonly sign: SignUserToken;
  /** What tokens are checked with now: the next key, too, and old ones until they are over. */
  verificationKeys(): VerificationKey[];
}

export function createKeyRing(db: Kysely<Tables>, settings: KeySettings, logger: Logger): KeyRing {
  let keys: readonly VerificationKey[] = [];
  let signer: { readonly kid: string; readonly sign: SignUserToken } | undefined;
  let last: Promise<void> = Promise.resolve();

  async function read(): Promise<void> {
    const rows = await listKeys(db, settings.ACCESS_TOKEN_EXPIRE_MINUTES);
    const good = rows.filter(({ state }) => state !== "over" && state !== "revoked");
    keys = good.flatMap((row) => verificationKeyOf(row, settings, logger) ?? []);
    const key = signingKeyOf(good, settings.SECRET_KEY);
    if (key?.kid === signer?.kid) return;
    signer = key && { kid: key.kid, sign: createUserTokenSigner(key) };
  }

  return {
    load() {
      // One after another: what was read first must not come to stand over what was read later.
      last = last.then(read, read);
      return last;
    },
    sign(claims, seconds) {
      if (signer === undefined) throw new ProblemError("unavailable", { retryAfterSeconds: 1 });
      return signer.sign(claims, seconds);
    },
    verificationKeys() {
      const nowSeconds = Date.now() / 1000;
      return keys.filter(({ untilSeconds = nowSeconds }) => untilSeconds >= nowSeconds);
    },
  };
}

/**
 * The key that is in use; while processes with another secret take over, the newest of ours that
 * was.
 */
function signingKeyOf(rows: readonly KeyRow[], secretKey: string): UserTokenKey | undefined {
  const used = rows.filter(({ signs_from }) => signs_from !== null);
  used.sort((a, b) => Number(b.signs_from) - Number(a.signs_from));
  for (const { kid, algorithm, salt } of used) {
    const key = userTokenKey(secretKey, algorithm, salt);
    if (key.kid === kid) return key;
  }
  return undefined;
}

function verificationKeyOf(
  { kid, algorithm, salt, public_key, until }: KeyRow,
  { SECRET_KEY, SECRET_KEY_PREVIOUS }: KeySettings,
  logger: Logger,
): VerificationKey | undefined {
  const key = public_key ?? secretOf(kid, salt, [SECRET_KEY, SECRET_KEY_PREVIOUS]);
  if (key === undefined) {
    logger.warn({ kid }, "a key of access tokens is of another SECRET_KEY; its tokens are refused");
    return undefined;
  }
  return { kid, algorithm, key, ...(until !== null && { untilSeconds: until }) };
}

function secretOf(
  kid: string,
  salt: Buffer,
  secrets: readonly (string | undefined)[],
): string | undefined {
  for (const secret of secrets) {
    const made = secret === undefined ? undefined : userTokenKey(secret, "HS256", salt);
    if (made?.kid === kid) return made.key;
  }
  return undefined;
}

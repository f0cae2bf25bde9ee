import { randomBytes } from "node:crypto";
import { type UserTokenAlgorithm, userTokenKey } from "@countinghouse/service-kit";
import { type Kysely, type Selectable, sql } from "kysely";
import type { Tables } from "../tables.ts";

const SALT_BYTES = 32;
/** A retired key is good for a little longer than its last token, should a process hear late. */
const GRACE_SECONDS = 60;

export interface KeySettings {
  readonly SECRET_KEY: string;
  readonly SECRET_KEY_PREVIOUS?: string;
  readonly ALGORITHM: UserTokenAlgorithm;
  readonly ACCESS_TOKEN_EXPIRE_MINUTES: number;
}

/** What a key is to those who check tokens. */
export type KeyState = "next" | "signs" | "retired" | "over" | "revoked";

export type KeyRow = Selectable<Tables["auth.token_keys"]> & {
  readonly state: KeyState;
  /** When its last token is over, in seconds since 1970; null while it may sign. */
  readonly until: number | null;
};

/** All keys there have been, newest first. */
export async function listKeys(db: Kysely<Tables>, minutes: number): Promise<KeyRow[]> {
  const seconds = minutes * 60 + GRACE_SECONDS;
  const { rows } = await sql<KeyRow>`
    SELECT *, extract(epoch FROM until)::float8 AS until,
           CASE WHEN revoked_at IS NOT NULL THEN 'revoked' WHEN until <= now() THEN 'over'
                WHEN retired_at IS NOT NULL THEN 'retired'
                WHEN signs_from IS NULL THEN 'next' ELSE 'signs' END AS state
      FROM (SELECT *, retired_at + make_interval(secs => ${seconds}) AS until
              FROM auth.token_keys) AS keys
     ORDER BY made_at DESC, kid`.execute(db);
  return rows;
}

/** To be called in a transaction: who changes the keys takes turns. */
export async function holdKeys(db: Kysely<Tables>): Promise<void> {
  await sql`SELECT pg_advisory_xact_lock(hashtext('auth.token_keys'))`.execute(db);
}

/** Whether a row's key comes of this secret. */
export function comesOf(secretKey: string, { algorithm, salt, kid }: KeyRow): boolean {
  return userTokenKey(secretKey, algorithm, salt).kid === kid;
}

/** The kid of a key that waits to be taken into use, made now unless there is one that fits. */
export async function prepareKey(
  db: Kysely<Tables>,
  settings: KeySettings,
  usesWaiting: boolean,
): Promise<string> {
  const { SECRET_KEY, ALGORITHM, ACCESS_TOKEN_EXPIRE_MINUTES } = settings;
  const waiting = (await listKeys(db, ACCESS_TOKEN_EXPIRE_MINUTES)).find((row) => {
    return row.state === "next" && row.algorithm === ALGORITHM && comesOf(SECRET_KEY, row);
  });
  if (waiting !== undefined && usesWaiting) return waiting.kid;
  const salt = randomBytes(SALT_BYTES);
  const { kid, key } = userTokenKey(SECRET_KEY, ALGORITHM, salt);
  const public_key = ALGORITHM === "HS256" ? null : key;
  const row = { kid, algorithm: ALGORITHM, salt, public_key };
  await db.insertInto("auth.token_keys").values(row).execute();
  return kid;
}

/** Takes a key into use; the one before it retires. */
export async function takeIntoUse(db: Kysely<Tables>, kid: string): Promise<void> {
  await db
    .updateTable("auth.token_keys")
    .set({ retired_at: sql<Date>`now()` })
    .where("signs_from", "is not", null)
    .where("retired_at", "is", null)
    .where("kid", "!=", kid)
    .execute();
  await db
    .updateTable("auth.token_keys")
    .set({ signs_from: sql<Date>`now()` })
    .where("kid", "=", kid)
    .where("signs_from", "is", null)
    .execute();
}

/** Refuses the tokens of all keys but this one from now on. */
export async function revokeOthers(db: Kysely<Tables>, kid: string): Promise<void> {
  await db
    .updateTable("auth.token_keys")
    .set({ revoked_at: sql<Date>`now()` })
    .where("kid", "!=", kid)
    .where("revoked_at", "is", null)
    .execute();
}

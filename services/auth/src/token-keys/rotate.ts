import { setTimeout as delay } from "node:timers/promises";
import type { Kysely } from "kysely";
import { type Announcement, type Peers, PULSE_EVERY_MS } from "../changes/peers.ts";
import type { Tables } from "../tables.ts";
import {
  comesOf,
  holdKeys,
  type KeySettings,
  listKeys,
  prepareKey,
  revokeOthers,
  takeIntoUse,
} from "./store.ts";

export interface KeyChange {
  readonly db: Kysely<Tables>;
  readonly peers: Pick<Peers, "announce">;
  readonly settings: KeySettings;
}

/**
 * Makes a new key sign, and gives its kid. Every gateway knows the key before the first token is
 * signed with it, so that no request fails. Tokens of the keys before stay good until they are
 * over, unless these keys are `compromised`: then they are refused from now on.
 */
export async function rotateKeys(change: KeyChange, compromised: boolean): Promise<string> {
  const { settings } = change;
  const kid = await announced(change, (db) => prepareKey(db, settings, !compromised));
  await announced(change, async (db) => {
    await takeIntoUse(db, kid);
    if (compromised) await revokeOthers(db, kid);
  });
  return kid;
}

/** After so long with a channel every other process has been heard of once. */
export const ACQUAINTED_AFTER_MS = PULSE_EVERY_MS + 300;

/** Sees to it that the key that signs is of the secret and the algorithm of the settings. */
export async function ensureKey(change: KeyChange): Promise<void> {
  const { db, settings } = change;
  const rows = await listKeys(db, settings.ACCESS_TOKEN_EXPIRE_MINUTES);
  const signing = rows.find(({ state }) => state === "signs");
  const isFitting = signing?.algorithm === settings.ALGORITHM;
  if (isFitting && comesOf(settings.SECRET_KEY, signing)) return;
  if (rows.length > 0) await delay(ACQUAINTED_AFTER_MS);
  await rotateKeys(change, false);
}

async function announced<T>(
  { db, peers }: KeyChange,
  work: (db: Kysely<Tables>) => Promise<T>,
): Promise<T> {
  let announcement: Announcement | undefined;
  try {
    return await db.transaction().execute(async (inside) => {
      await holdKeys(inside);
      const result = await work(inside);
      announcement = await peers.announce(inside, { keys: true });
      return result;
    });
  } finally {
    await announcement?.settled();
  }
}

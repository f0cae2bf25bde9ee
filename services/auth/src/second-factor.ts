import { createSecretBox, deriveKey, type SecretBox } from "@countinghouse/service-kit";
import { type Kysely, sql } from "kysely";
import { newRecoveryCodes, recoveryHash } from "./recovery-codes.ts";
import type { Tables } from "./tables.ts";
import { newTotpSecret, oldestStep, showTotp, stepOfCode } from "./totp.ts";

/** The second factor of users: an authenticator (TOTP) and recovery codes. */
export interface SecondFactor {
  /** A new secret, of no use until it is confirmed; one in use stays in use until then. */
  begin(
    db: Kysely<Tables>,
    user: { readonly id: string; readonly email: string },
  ): Promise<{ secret: string; otpauthUri: string }>;
  /**
   * Takes the new secret into use when `otp` is a code of it, and gives fresh recovery codes, the
   * only ones valid from then on. Undefined for any other code. To be called in a transaction.
   */
  confirm(db: Kysely<Tables>, userId: string, otp: string): Promise<string[] | undefined>;
  /**
   * Uses up a code of the authenticator or a recovery code. Whether there was one to use: a code
   * is good once, over all its uses, however many come at the same moment.
   */
  spend(db: Kysely<Tables>, userId: string, otp: string): Promise<boolean>;
  /** Switches the second factor off. To be called in a transaction. */
  remove(db: Kysely<Tables>, userId: string): Promise<void>;
}

interface Secrets {
  readonly SECRET_KEY: string;
  readonly SECRET_KEY_PREVIOUS?: string;
}

export function createSecondFactor(secrets: Secrets, now: () => number): SecondFactor {
  const box = boxOf(secrets);
  return {
    async begin(db, { id, email }) {
      const secret = newTotpSecret();
      const next = box.seal(secret, id);
      await db
        .insertInto("auth.totp")
        .values({ user_id: id, next })
        .onConflict((conflict) => conflict.column("user_id").doUpdateSet({ next }))
        .execute();
      return showTotp(secret, email);
    },
    async confirm(db, userId, otp) {
      const row = await db
        .selectFrom("auth.totp")
        .select("next")
        .where("user_id", "=", userId)
        .forUpdate()
        .executeTakeFirst();
      const sealed = row?.next ?? undefined;
      if (sealed === undefined) return undefined;
      const step = stepOfCode(box.open(sealed, userId), otp, now());
      if (step === undefined) return undefined;
      await db
        .updateTable("auth.totp")
        .set({ secret: sealed, next: null, used_steps: sql`ARRAY[${step}::bigint]` })
        .where("user_id", "=", userId)
        .execute();
      return renewRecoveryCodes(db, userId);
    },
    async spend(db, userId, otp) {
      if (await spendStep(db, box, userId, otp, now())) return true;
      const { numDeletedRows } = await db
        .deleteFrom("auth.recovery_codes")
        .where("user_id", "=", userId)
        .where("hash", "=", recoveryHash(otp))
        .executeTakeFirst();
      return numDeletedRows === 1n;
    },
    async remove(db, userId) {
      await db.deleteFrom("auth.recovery_codes").where("user_id", "=", userId).execute();
      await db.deleteFrom("auth.totp").where("user_id", "=", userId).execute();
    },
  };
}

/** Opens what was sealed with the secret before this one, too. */
function boxOf({ SECRET_KEY, SECRET_KEY_PREVIOUS: before }: Secrets): SecretBox {
  const box = createSecretBox(deriveKey(SECRET_KEY, "totp"));
  if (before === undefined) return box;
  const old = createSecretBox(deriveKey(before, "totp"));
  return {
    seal: box.seal,
    open(sealed, owner) {
      try {
        return box.open(sealed, owner);
      } catch {
        return old.open(sealed, owner);
      }
    },
  };
}

async function spendStep(
  db: Kysely<Tables>,
  box: SecretBox,
  userId: string,
  otp: string,
  nowMs: number,
): Promise<boolean> {
  const row = await db
    .selectFrom("auth.totp")
    .select("secret")
    .where("user_id", "=", userId)
    .executeTakeFirst();
  const sealed = row?.secret ?? undefined;
  if (sealed === undefined) return false;
  const step = stepOfCode(box.open(sealed, userId), otp, nowMs);
  if (step === undefined) return false;
  // One statement checks and marks, so of two uses at once one finds the step used. Steps too old
  // to be accepted are not kept.
  const { numAffectedRows } = await sql`
    UPDATE auth.totp
       SET used_steps = array_append(
         ARRAY(SELECT s FROM unnest(used_steps) AS s WHERE s >= ${oldestStep(nowMs)}), ${step}
       )
     WHERE user_id = ${userId} AND secret = ${sealed} AND NOT ${step} = ANY (used_steps)`.execute(
    db,
  );
  return numAffectedRows === 1n;
}

async function renewRecoveryCodes(db: Kysely<Tables>, userId: string): Promise<string[]> {
  const codes = newRecoveryCodes();
  await db.deleteFrom("auth.recovery_codes").where("user_id", "=", userId).execute();
  const rows = codes.map((code) => ({ user_id: userId, hash: recoveryHash(code) }));
  await db.insertInto("auth.recovery_codes").values(rows).execute();
  return codes;
}

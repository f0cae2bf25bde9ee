import { createHmac } from "node:crypto";
import { deriveKey } from "@countinghouse/service-kit";
import { type Kysely, sql } from "kysely";
import type { Tables } from "./tables.ts";

/** Devices remembered for one user; one more replaces the one that was seen longest ago. */
const DEVICES_MAX = 20;
/** A device that was not used for so long is a stranger again. */
const FORGET_AFTER_DAYS = 90;

/**
 * The devices that users have logged in from: a network and a browser. Neither is a secret, so a
 * known device is spared the lock of its account and nothing else: it still needs the password.
 */
export interface KnownDevices {
  deviceOf(userId: string, network: string, userAgent: string | undefined): Buffer;
  isKnown(db: Kysely<Tables>, userId: string, device: Buffer): Promise<boolean>;
  remember(db: Kysely<Tables>, userId: string, device: Buffer): Promise<void>;
}

export function createKnownDevices(secretKey: string): KnownDevices {
  const key = deriveKey(secretKey, "device");
  return {
    deviceOf(userId, network, userAgent = "") {
      const text = JSON.stringify([userId, network, userAgent]);
      return createHmac("sha256", key).update(text).digest();
    },
    async isKnown(db, userId, device) {
      const row = await db
        .selectFrom("auth.known_devices")
        .select("user_id")
        .where("user_id", "=", userId)
        .where("device", "=", device)
        .where("last_seen_at", ">", daysAgo())
        .executeTakeFirst();
      return row !== undefined;
    },
    async remember(db, userId, device) {
      await db
        .insertInto("auth.known_devices")
        .values({ user_id: userId, device })
        .onConflict((conflict) => {
          return conflict
            .columns(["user_id", "device"])
            .doUpdateSet({ last_seen_at: sql<Date>`now()` });
        })
        .execute();
      await sql`DELETE FROM auth.known_devices WHERE user_id = ${userId} AND (
        last_seen_at < ${daysAgo()} OR device IN (
          SELECT device FROM auth.known_devices WHERE user_id = ${userId}
           ORDER BY last_seen_at DESC, device OFFSET ${DEVICES_MAX}
        ))`.execute(db);
    },
  };
}

function daysAgo() {
  return sql<Date>`now() - make_interval(days => ${FORGET_AFTER_DAYS})`;
}

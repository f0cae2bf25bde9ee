import { sql } from "kysely";
import type { Tx } from "../../tables.ts";

/** Debits and credits of one account of the general ledger in one currency, in minor units. */
export interface GlBalance {
  readonly gl_account: string;
  readonly currency: string;
  readonly debits: string;
  readonly credits: string;
}

/** When the last entry of the journal was recorded. */
export async function lastJournalEntry(tx: Tx): Promise<Date | undefined> {
  const row = await tx
    .selectFrom("journal")
    .select("recorded_at")
    .orderBy("recorded_at", "desc")
    .limit(1)
    .executeTakeFirst();
  return row?.recorded_at;
}

/** The sums of all that is in the journal, whatever its day. */
export function trialBalanceOfAll(tx: Tx): Promise<GlBalance[]> {
  return tx
    .selectFrom("gl_daily")
    .select(["gl_account", "currency"])
    .select((eb) => [
      eb.fn.sum<string>("debits_minor").as("debits"),
      eb.fn.sum<string>("credits_minor").as("credits"),
    ])
    .groupBy(["gl_account", "currency"])
    .orderBy("gl_account")
    .orderBy("currency")
    .execute();
}

/** The sums up to a moment, inclusive: those of whole days, and the journal of the last day. */
export function trialBalanceAt(tx: Tx, at: Date): Promise<GlBalance[]> {
  const day = sql<string>`(${at}::timestamptz at time zone 'UTC')::date`;
  const midnight = new Date(at.valueOf());
  midnight.setUTCHours(0, 0, 0, 0);
  const ofDay = tx
    .selectFrom("journal")
    .where("recorded_at", ">=", midnight)
    .where("recorded_at", "<=", at);
  const none = sql<string>`0::numeric`;
  const lines = tx
    .selectFrom("gl_daily")
    .select(["gl_account", "currency", "debits_minor", "credits_minor"])
    .where("day", "<", day)
    .unionAll(
      ofDay.select([
        "debit_account as gl_account",
        "currency",
        "amount_minor as debits_minor",
        none.as("credits_minor"),
      ]),
    )
    .unionAll(
      ofDay.select([
        "credit_account as gl_account",
        "currency",
        none.as("debits_minor"),
        "amount_minor as credits_minor",
      ]),
    );
  return tx
    .selectFrom(lines.as("lines"))
    .select(["gl_account", "currency"])
    .select((eb) => [
      eb.fn.sum<string>("debits_minor").as("debits"),
      eb.fn.sum<string>("credits_minor").as("credits"),
    ])
    .groupBy(["gl_account", "currency"])
    .orderBy("gl_account")
    .orderBy("currency")
    .execute();
}

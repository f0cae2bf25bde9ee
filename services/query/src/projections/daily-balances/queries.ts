import { sql } from "kysely";
import { daysBetween, daysLater } from "../../days.ts";
import type { Tx } from "../../tables.ts";

export interface Closing {
  readonly date: string;
  readonly closingMinor: bigint;
}

/**
 * The closing balance of every day from `from` (not before the day of opening) to `to` (exclusive);
 * a day without a posting closes as the one before it.
 */
export async function listClosings(
  tx: Tx,
  accountId: string,
  from: string,
  to: string,
): Promise<Closing[]> {
  const rows = await tx
    .selectFrom("daily_balances")
    .select([sql<string>`day::text`.as("date"), "closing_minor"])
    .where("account_id", "=", accountId)
    .where("day", "<", to)
    .where("day", ">=", (eb) => {
      return eb
        .selectFrom("daily_balances")
        .select(sql<string>`coalesce(max(day), ${from}::date)`.as("day"))
        .where("account_id", "=", accountId)
        .where("day", "<=", from);
    })
    .orderBy("day")
    .execute();
  const moved = new Map(rows.map((row) => [row.date, BigInt(row.closing_minor)]));
  let closingMinor = BigInt(rows[0]?.closing_minor ?? 0);
  return Array.from({ length: Math.max(0, daysBetween(from, to)) }, (_, i) => {
    const date = daysLater(from, i);
    closingMinor = moved.get(date) ?? closingMinor;
    return { date, closingMinor };
  });
}

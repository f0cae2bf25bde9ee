import type { Transaction } from "@countinghouse/contracts";
import { boundsOfMonth, dayIn, type Scope } from "@countinghouse/service-kit";
import { sql } from "kysely";
import type { AccountRow } from "../projections/accounts/queries.ts";
import { showEntry } from "../projections/entries/queries.ts";
import type { ReadAs } from "../reader.ts";
import type { Tx } from "../tables.ts";
import type { StatementHead } from "./statement.ts";

/** Entries read at once: none of them is held while a slow reader takes them. */
const PAGE_ENTRIES = 500;

/** The month, `2026-11`, that a moment lies in for a time zone. */
export function monthIn(timeZone: string, moment: Date): string {
  return dayIn(timeZone, moment).replace(/-\d\d$/, "");
}

/** What the entries of a month come to, and which versions of the account they are. */
export interface MonthSums
  extends Pick<StatementHead, "opening" | "closing" | "credits" | "debits"> {
  /** The greater of the two where there is none. */
  readonly firstVersion: number;
  readonly lastVersion: number;
  readonly lastAt: Date | undefined;
}

/** Sums up a month on the snapshot of a transaction. */
export async function sumUpMonth(
  tx: Tx,
  { account_id }: AccountRow,
  timeZone: string,
  month: string,
): Promise<MonthSums> {
  const { start, end } = boundsOfMonth(timeZone, month);
  const ofMonth = tx
    .selectFrom("entries")
    .where("account_id", "=", account_id)
    .where("recorded_at", ">=", start)
    .where("recorded_at", "<", end);
  const rows = await ofMonth
    .select((eb) => [
      "direction",
      eb.fn.countAll<string>().as("count"),
      eb.fn.sum<string>("amount_minor").as("minor"),
      eb.fn.min("version").as("first"),
      eb.fn.max("version").as("last"),
      sql<Date>`max(recorded_at)`.as("last_at"),
    ])
    .groupBy("direction")
    .execute();
  const totalOf = (direction: string) => {
    const row = rows.find((one) => one.direction === direction);
    return { count: Number(row?.count ?? 0), minor: BigInt(row?.minor ?? 0) };
  };
  const [credits, debits] = [totalOf("credit"), totalOf("debit")];
  const opening = await balanceBefore(tx, account_id, start);
  const closing = opening + credits.minor - debits.minor;
  const firstVersion = Math.min(...rows.map(({ first }) => first));
  const lastVersion = Math.max(...rows.map(({ last }) => last));
  const lastAt = rows.map((row) => row.last_at).sort((a, b) => b.valueOf() - a.valueOf())[0];
  return { opening, closing, credits, debits, firstVersion, lastVersion, lastAt };
}

async function balanceBefore(tx: Tx, accountId: string, moment: Date): Promise<bigint> {
  const row = await tx
    .selectFrom("entries")
    .select("balance_after_minor")
    .where("account_id", "=", accountId)
    .where("recorded_at", "<", moment)
    .orderBy("recorded_at", "desc")
    .orderBy("version", "desc")
    .limit(1)
    .executeTakeFirst();
  return BigInt(row?.balance_after_minor ?? 0);
}

/**
 * The entries of versions, oldest first, page by page. Each page is read on its own: entries never
 * change, so all of them are as they were when the month was summed up.
 */
export async function* readEntries(
  readAs: ReadAs,
  scope: Scope,
  { account_id, currency }: AccountRow,
  { firstVersion, lastVersion }: Pick<MonthSums, "firstVersion" | "lastVersion">,
): AsyncGenerator<Transaction[]> {
  for (let after = firstVersion - 1; after < lastVersion; ) {
    const rows = await readAs(scope, (tx) => {
      return tx
        .selectFrom("entries")
        .selectAll()
        .where("account_id", "=", account_id)
        .where("version", ">", after)
        .where("version", "<=", lastVersion)
        .orderBy("version")
        .limit(PAGE_ENTRIES)
        .execute();
    });
    // The tables were restored, or exchanged for ones that are behind: rather none than a part.
    if (rows.length === 0) throw new Error("entries of a statement have gone");
    after = rows.at(-1)?.version ?? lastVersion;
    yield rows.map((row) => showEntry(row, currency));
  }
}

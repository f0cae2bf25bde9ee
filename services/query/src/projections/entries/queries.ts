import type { Transaction } from "@countinghouse/contracts";
import { decimalsOf, moneyText } from "@countinghouse/domain";
import { type Selectable, type SqlBool, sql } from "kysely";
import type { Tx } from "../../tables.ts";
import type { EntriesTable } from "./table.ts";

export type EntryRow = Selectable<EntriesTable>;

/** Where an entry stands in the history of its account. */
export interface EntryKey {
  readonly recordedAtMs: number;
  readonly version: number;
}

export interface EntryFilter {
  /** Inclusive. */
  readonly from?: string;
  /** Exclusive. */
  readonly to?: string;
  readonly type?: string;
  /** In units of the account's currency, compared exactly; so is `maxAmount`. */
  readonly minAmount?: string;
  readonly maxAmount?: string;
  /** A part of the reference, letter by letter. */
  readonly q?: string;
}

interface History {
  readonly account_id: string;
  /** Needed where a filter has amounts. */
  readonly currency: string | undefined;
}

/** The entries of an account that a filter lets through, newest first, those before `before`. */
export function listEntries(
  tx: Tx,
  { account_id, currency }: History,
  filter: EntryFilter,
  before: EntryKey | undefined,
  limit: number,
): Promise<EntryRow[]> {
  const { from, to, type, minAmount, maxAmount, q } = filter;
  const minor = (value: string) => {
    const units = `1${"0".repeat(decimalsOf(currency ?? "") ?? 0)}`;
    return sql<string>`${value}::numeric * ${units}::numeric`;
  };
  let query = tx
    .selectFrom("entries")
    .selectAll()
    .where("account_id", "=", account_id)
    .orderBy("recorded_at", "desc")
    .orderBy("version", "desc")
    .limit(limit);
  if (from !== undefined) query = query.where("recorded_at", ">=", new Date(from));
  if (to !== undefined) query = query.where("recorded_at", "<", new Date(to));
  if (type !== undefined) query = query.where("type", "=", type);
  if (minAmount !== undefined) query = query.where("amount_minor", ">=", minor(minAmount));
  if (maxAmount !== undefined) query = query.where("amount_minor", "<=", minor(maxAmount));
  if (q !== undefined) query = query.where(sql<SqlBool>`strpos(reference, ${q}) > 0`);
  if (before !== undefined) {
    const { recordedAtMs, version } = before;
    const key = sql`(${new Date(recordedAtMs)}::timestamptz, ${version}::int)`;
    query = query.where(sql<SqlBool>`(recorded_at, version) < ${key}`);
  }
  return query.execute();
}

/** The last entry of an account at or before a moment. */
export function lastEntryAt(tx: Tx, accountId: string, at: Date): Promise<EntryRow | undefined> {
  return tx
    .selectFrom("entries")
    .selectAll()
    .where("account_id", "=", accountId)
    .where("recorded_at", "<=", at)
    .orderBy("recorded_at", "desc")
    .orderBy("version", "desc")
    .limit(1)
    .executeTakeFirst();
}

/** The balance of an account just before each of some moments, in their order; or else 0. */
export async function balancesBefore(
  tx: Tx,
  accountId: string,
  moments: readonly Date[],
): Promise<bigint[]> {
  const moment = sql<{ moment: Date; place: string }>`
    unnest(${moments}::timestamptz[]) with ordinality`;
  const rows = await tx
    .selectFrom(moment.as<"m">(sql`m (moment, place)`))
    .select((eb) => {
      return eb
        .selectFrom("entries as e")
        .select("e.balance_after_minor")
        .where("e.account_id", "=", accountId)
        .whereRef("e.recorded_at", "<", "m.moment")
        .orderBy("e.recorded_at", "desc")
        .orderBy("e.version", "desc")
        .limit(1)
        .as("minor");
    })
    .orderBy("m.place")
    .execute();
  return rows.map(({ minor }) => BigInt(minor ?? 0));
}

/**
 * The entries that follow versions of accounts, for each place in the order given; oldest first, at
 * most `limit` a place.
 */
export async function listNext(
  tx: Tx,
  places: readonly { readonly accountId: string; readonly after: number }[],
  limit: number,
): Promise<EntryRow[][]> {
  const ids = places.map(({ accountId }) => accountId);
  const versions = places.map(({ after }) => after);
  const place = sql<{ account_id: string; after: number; place: string }>`
    unnest(${ids}::uuid[], ${versions}::int[]) with ordinality`;
  const rows = await tx
    .selectFrom(place.as<"p">(sql`p (account_id, after, place)`))
    .innerJoinLateral(
      (eb) => {
        return eb
          .selectFrom("entries as e")
          .selectAll("e")
          .whereRef("e.account_id", "=", "p.account_id")
          .whereRef("e.version", ">", "p.after")
          .orderBy("e.version")
          .limit(limit)
          .as("next");
      },
      (join) => join.onTrue(),
    )
    .selectAll("next")
    .select("p.place")
    .execute();
  const found = places.map((): EntryRow[] => []);
  for (const { place: ordinal, ...row } of rows) found[Number(ordinal) - 1]?.push(row);
  return found;
}

export function showEntry(row: EntryRow, currency: string): Transaction {
  const { counterparty_account_id, transfer_id, reference } = row;
  return {
    transactionId: row.transaction_id,
    version: row.version,
    type: row.type as Transaction["type"],
    direction: row.direction as Transaction["direction"],
    amount: moneyText(BigInt(row.amount_minor), currency),
    balanceAfter: moneyText(BigInt(row.balance_after_minor), currency),
    ...(counterparty_account_id !== null && { counterpartyAccountId: counterparty_account_id }),
    ...(transfer_id !== null && { transferId: transfer_id }),
    ...(reference !== null && { reference }),
    occurredAt: row.recorded_at.toISOString(),
  };
}

import type { Hold } from "@countinghouse/contracts";
import { moneyText } from "@countinghouse/domain";
import { ProblemError, type Scope } from "@countinghouse/service-kit";
import { type Selectable, sql } from "kysely";
import type { Tx } from "../../tables.ts";
import type { HoldsTable } from "./table.ts";

type HoldRow = Selectable<HoldsTable>;

/** The hold; throws the same 404 when it is not there and when it is another's. */
export async function getHold(tx: Tx, scope: Scope, holdId: string): Promise<HoldRow> {
  let query = tx.selectFrom("holds").selectAll().where("hold_id", "=", holdId);
  if (scope.kind === "own") query = query.where("owner_id", "=", scope.userId);
  const row = await query.executeTakeFirst();
  if (row === undefined) throw new ProblemError("not_found");
  return row;
}

/** The holds of an account, newest first, those before `before`. */
export function listHolds(
  tx: Tx,
  accountId: string,
  before: string | undefined,
  limit: number,
): Promise<HoldRow[]> {
  let query = tx
    .selectFrom("holds")
    .selectAll()
    .where("account_id", "=", accountId)
    .orderBy("hold_id", "desc")
    .limit(limit);
  if (before !== undefined) query = query.where("hold_id", "<", before);
  return query.execute();
}

/** What holds of an account set aside that are over and of which the log does not say so yet. */
export interface Overdue {
  readonly account_id: string;
  /** The bank's day in which the holds count against limits. */
  readonly placed_on: string;
  readonly minor: bigint;
}

/** The overdue holds of accounts at a moment, summed up by the day in which they were placed. */
export async function overdueHolds(
  tx: Tx,
  accountIds: readonly string[],
  now: Date,
): Promise<Overdue[]> {
  if (accountIds.length === 0) return [];
  const rows = await tx
    .selectFrom("holds")
    .select(["account_id", "placed_on"])
    .select(sql<string>`sum(amount_minor - captured_minor)`.as("minor"))
    .where("account_id", "=", sql<string>`any(${[...accountIds]}::uuid[])`)
    .where("status", "=", "active")
    .where("expires_at", "<=", now)
    .groupBy(["account_id", "placed_on"])
    .execute();
  return rows.map((row) => ({ ...row, minor: BigInt(row.minor) }));
}

/** A hold as it is at a moment: its time decides, not when the log comes to say so. */
export function showHold(row: HoldRow, now: Date): Hold {
  const { expires_at, card_id, reference, currency } = row;
  const isOver = row.status === "active" && expires_at !== null && expires_at <= now;
  const status = isOver ? "expired" : row.status;
  const [amount, captured] = [BigInt(row.amount_minor), BigInt(row.captured_minor)];
  return {
    holdId: row.hold_id,
    accountId: row.account_id,
    amount: moneyText(amount, currency),
    captured: moneyText(captured, currency),
    remaining: moneyText(status === "active" ? amount - captured : 0n, currency),
    status: status as Hold["status"],
    ...(expires_at !== null && { expiresAt: expires_at.toISOString() }),
    ...(card_id !== null && { cardId: card_id }),
    ...(reference !== null && { reference }),
  };
}

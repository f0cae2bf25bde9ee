import type { Account } from "@countinghouse/contracts";
import { moneyText } from "@countinghouse/domain";
import { ProblemError, type Scope } from "@countinghouse/service-kit";
import type { Selectable } from "kysely";
import type { Tx } from "../../tables.ts";
import { type Overdue, overdueHolds } from "../holds/queries.ts";
import type { AccountsTable } from "./table.ts";

export type AccountRow = Selectable<AccountsTable>;

/** The accounts of a scope in the order of their ids, which is that of their opening. */
export function listAccounts(tx: Tx, scope: Scope, after: string | undefined, limit: number) {
  let query = tx.selectFrom("accounts").selectAll().orderBy("account_id").limit(limit);
  if (scope.kind === "own") query = query.where("owner_id", "=", scope.userId);
  if (after !== undefined) query = query.where("account_id", ">", after);
  return query.execute();
}

/** The account, unless it is not there or not in the caller's scope. */
export function findAccount(
  tx: Tx,
  scope: Scope,
  accountId: string,
): Promise<AccountRow | undefined> {
  let query = tx.selectFrom("accounts").selectAll().where("account_id", "=", accountId);
  if (scope.kind === "own") query = query.where("owner_id", "=", scope.userId);
  return query.executeTakeFirst();
}

/** The account; throws the same 404 when it is not there and when it is another's. */
export async function getAccount(tx: Tx, scope: Scope, accountId: string): Promise<AccountRow> {
  const row = await findAccount(tx, scope, accountId);
  if (row === undefined) throw new ProblemError("not_found");
  return row;
}

/** The overdue holds of accounts; most accounts have none and are not asked about. */
export function overdueIn(tx: Tx, rows: readonly AccountRow[], now: Date): Promise<Overdue[]> {
  const holding = rows.filter(({ held_minor }) => held_minor !== "0");
  return overdueHolds(
    tx,
    holding.map(({ account_id }) => account_id),
    now,
  );
}

/** Overdue holds are those of this account; what they had set aside is available again. */
export function showAccount(row: AccountRow, overdue: readonly Overdue[]): Account {
  const over = overdue.filter(({ account_id }) => account_id === row.account_id);
  const held = BigInt(row.held_minor) - over.reduce((sum, { minor }) => sum + minor, 0n);
  const balance = BigInt(row.balance_minor);
  return {
    accountId: row.account_id,
    ownerId: row.owner_id,
    type: row.type as Account["type"],
    name: row.name,
    currency: row.currency,
    status: row.status as Account["status"],
    balance: moneyText(balance, row.currency),
    available: moneyText(balance - held + BigInt(row.overdraft_minor), row.currency),
    version: row.version,
    openedAt: row.opened_at.toISOString(),
    updatedAt: row.updated_at.toISOString(),
  };
}

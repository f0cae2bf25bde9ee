import type { Card } from "@countinghouse/contracts";
import { ProblemError, type Scope } from "@countinghouse/service-kit";
import type { Selectable } from "kysely";
import type { Tx } from "../../tables.ts";
import type { CardsTable } from "./table.ts";

type CardRow = Selectable<CardsTable>;

/** The cards of a scope, newest first, those before `before`. */
export function listCards(
  tx: Tx,
  scope: Scope,
  before: string | undefined,
  limit: number,
): Promise<CardRow[]> {
  let query = tx.selectFrom("cards").selectAll().orderBy("card_id", "desc").limit(limit);
  if (scope.kind === "own") query = query.where("owner_id", "=", scope.userId);
  if (before !== undefined) query = query.where("card_id", "<", before);
  return query.execute();
}

/** The card; throws the same 404 when it is not there and when it is another's. */
export async function getCard(tx: Tx, scope: Scope, cardId: string): Promise<CardRow> {
  let query = tx.selectFrom("cards").selectAll().where("card_id", "=", cardId);
  if (scope.kind === "own") query = query.where("owner_id", "=", scope.userId);
  const row = await query.executeTakeFirst();
  if (row === undefined) throw new ProblemError("not_found");
  return row;
}

export function showCard(row: CardRow): Card {
  return {
    cardId: row.card_id,
    accountId: row.account_id,
    last4: row.last4,
    brand: row.brand,
    expiry: row.expiry,
    status: row.status as Card["status"],
    version: row.version,
  };
}

import { dayOf } from "../../days.ts";
import type { AppliedEvent } from "../../projector/account-state.ts";
import type { Tx } from "../../tables.ts";
import { type ColumnTypes, unnest } from "../../unnest.ts";
import type { Projection } from "../projection.ts";

export const dailyBalancesProjection: Projection = { name: "daily-balances", apply };

async function apply(tx: Tx, events: readonly AppliedEvent[]): Promise<void> {
  const moving = events.filter(({ fact }) => fact.kind !== "status");
  const closing = new Map(moving.map(rowOf).map((row) => [`${row.account_id} ${row.day}`, row]));
  if (closing.size === 0) return;
  const source = unnest([...closing.values()], COLUMNS);
  await tx
    .insertInto("daily_balances")
    .columns(source.columns)
    .expression(source.select)
    .onConflict((conflict) => {
      const keys = conflict.columns(["account_id", "day"]);
      return keys.doUpdateSet((eb) => ({ closing_minor: eb.ref("excluded.closing_minor") }));
    })
    .execute();
}

function rowOf({ accountId, recordedAt, after }: AppliedEvent) {
  return {
    account_id: accountId,
    day: dayOf(recordedAt),
    owner_id: after.ownerId,
    closing_minor: after.balanceMinor.toString(),
  };
}

const COLUMNS: ColumnTypes<ReturnType<typeof rowOf>> = {
  account_id: "uuid",
  day: "date",
  owner_id: "uuid",
  closing_minor: "numeric",
};

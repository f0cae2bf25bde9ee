import { dayOf } from "../../days.ts";
import type { AppliedEvent } from "../../projector/account-state.ts";
import type { Tx } from "../../tables.ts";
import { type ColumnTypes, unnest } from "../../unnest.ts";
import type { Gathering, Projection } from "../projection.ts";

const KEY = ["account_id", "day"];

export const dailyBalancesProjection: Projection = {
  name: "daily-balances",
  tables: [{ name: "daily_balances", key: KEY }],
  apply,
  gather,
};

async function apply(tx: Tx, events: readonly AppliedEvent[]): Promise<void> {
  const closing: Closing = new Map();
  close(closing, events);
  if (closing.size === 0) return;
  const source = unnest([...closing.values()].map(rowOf), COLUMNS);
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

function gather(): Gathering {
  let closing: Closing = new Map();
  return {
    take: (events) => close(closing, events),
    appended: () => [],
    changing() {
      const rows = [...closing.values()].map(rowOf);
      closing = new Map();
      return [{ table: "daily_balances", types: COLUMNS, rows, key: KEY }];
    },
    get held() {
      return closing.size;
    },
  };
}

/** The last event of each day, by its account and the day. */
type Closing = Map<string, AppliedEvent>;

function close(closing: Closing, events: readonly AppliedEvent[]): void {
  for (const event of events) {
    if (event.fact.kind === "status") continue;
    closing.set(dayOf(event.recordedAt) + event.accountId, event);
  }
}

type ClosingRow = ReturnType<typeof rowOf>;

function rowOf({ accountId, recordedAt, after }: AppliedEvent) {
  return {
    account_id: accountId,
    day: dayOf(recordedAt),
    owner_id: after.ownerId,
    closing_minor: after.balanceMinor.toString(),
  };
}

const COLUMNS: ColumnTypes<ClosingRow> = {
  account_id: "uuid",
  day: "date",
  owner_id: "uuid",
  closing_minor: "numeric",
};

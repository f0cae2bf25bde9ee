import type { HoldPlaced } from "../../events/account-event.ts";
import type { AppliedEvent } from "../../projector/account-state.ts";
import type { Tx } from "../../tables.ts";
import { type ColumnTypes, unnest } from "../../unnest.ts";
import type { Gathering, Projection } from "../projection.ts";

const KEY = ["hold_id"];

export const holdsProjection: Projection = {
  name: "holds",
  tables: [{ name: "holds", key: KEY }],
  apply,
  gather,
};

async function apply(tx: Tx, events: readonly AppliedEvent[]): Promise<void> {
  const made = new Map<string, HoldRow>();
  const changed = new Map<string, Change>();
  for (const event of events) {
    const { fact } = event;
    if (fact.kind === "hold_placed") made.set(fact.holdId, rowOf(event, fact));
    const change = changeOf(event);
    if (change === undefined) continue;
    const row = made.get(change.hold_id);
    if (row !== undefined) made.set(change.hold_id, after(row, change));
    else changed.set(change.hold_id, { ...changed.get(change.hold_id), ...change });
  }
  if (made.size > 0) {
    const source = unnest([...made.values()], COLUMNS);
    await tx.insertInto("holds").columns(source.columns).expression(source.select).execute();
  }
  if (changed.size === 0) return;
  const rows = [...changed.values()].map((change) => ({ captured_minor: null, ...change }));
  await tx
    .updateTable("holds")
    .from(unnest(rows, CHANGING).as("n"))
    .set((eb) => ({
      status: eb.ref("n.status"),
      captured_minor: eb.fn.coalesce("n.captured_minor", "holds.captured_minor"),
    }))
    .whereRef("holds.hold_id", "=", "n.hold_id")
    .execute();
}

/** Holds that are active stay, since an event that ends one does not say all of it. */
function gather(): Gathering {
  const rows = new Map<string, HoldRow>();
  let ended = 0;
  return {
    take(events) {
      for (const event of events) {
        const { fact } = event;
        if (fact.kind === "hold_placed") rows.set(fact.holdId, rowOf(event, fact));
        const change = changeOf(event);
        const row = change && rows.get(change.hold_id);
        if (change === undefined || row === undefined) continue;
        rows.set(change.hold_id, after(row, change));
        if (change.status !== "active") ended += 1;
      }
    },
    appended: () => [],
    changing() {
      const all = [...rows.values()];
      for (const row of all) if (row.status !== "active") rows.delete(row.hold_id);
      ended = 0;
      return [{ table: "holds", types: COLUMNS, rows: all, key: KEY }];
    },
    get held() {
      return ended;
    },
  };
}

interface Change {
  readonly hold_id: string;
  readonly status: string;
  readonly captured_minor?: string;
}

function changeOf({ fact }: AppliedEvent): Change | undefined {
  if (fact.kind === "hold_ended") return { hold_id: fact.holdId, status: fact.status };
  if (fact.kind !== "posting" || fact.capture === null) return undefined;
  const { holdId, capturedMinor, remainingMinor } = fact.capture;
  const status = remainingMinor === 0n ? "captured" : "active";
  return { hold_id: holdId, status, captured_minor: String(capturedMinor) };
}

function after(row: HoldRow, change: Change): HoldRow {
  return { ...row, ...change };
}

type HoldRow = ReturnType<typeof rowOf>;

function rowOf({ accountId, after: account }: AppliedEvent, placed: HoldPlaced) {
  return {
    hold_id: placed.holdId,
    account_id: accountId,
    owner_id: account.ownerId,
    currency: account.currency,
    amount_minor: String(placed.amountMinor),
    captured_minor: "0",
    status: "active",
    placed_on: placed.day,
    expires_at: placed.expiresAt,
    card_id: placed.cardId,
    reference: placed.reference,
  };
}

const COLUMNS: ColumnTypes<HoldRow> = {
  hold_id: "uuid",
  account_id: "uuid",
  owner_id: "uuid",
  currency: "text",
  amount_minor: "numeric",
  captured_minor: "numeric",
  status: "text",
  placed_on: "text",
  expires_at: "timestamptz",
  card_id: "uuid",
  reference: "text",
};

const CHANGING = { hold_id: "uuid", status: "text", captured_minor: "numeric" } as const;

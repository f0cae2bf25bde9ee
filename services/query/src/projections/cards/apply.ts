import type { CardRegistered } from "../../events/account-event.ts";
import type { AppliedEvent } from "../../projector/account-state.ts";
import type { Tx } from "../../tables.ts";
import { type ColumnTypes, unnest } from "../../unnest.ts";
import type { Gathering, Projection } from "../projection.ts";

const KEY = ["card_id"];

export const cardsProjection: Projection = {
  name: "cards",
  tables: [{ name: "cards", key: KEY }],
  apply,
  gather,
};

async function apply(tx: Tx, events: readonly AppliedEvent[]): Promise<void> {
  const made = new Map<string, CardRow>();
  const changed = new Map<string, Change>();
  for (const event of events) {
    const { fact, version } = event;
    if (fact.kind === "card_registered") made.set(fact.cardId, rowOf(event, fact));
    if (fact.kind !== "card") continue;
    const { cardId: card_id, status } = fact;
    const row = made.get(card_id);
    if (row === undefined) changed.set(card_id, { card_id, status, version });
    else made.set(card_id, { ...row, status, version });
  }
  if (made.size > 0) {
    const source = unnest([...made.values()], COLUMNS);
    await tx.insertInto("cards").columns(source.columns).expression(source.select).execute();
  }
  if (changed.size === 0) return;
  await tx
    .updateTable("cards")
    .from(unnest([...changed.values()], CHANGING).as("n"))
    .set((eb) => ({ status: eb.ref("n.status"), version: eb.ref("n.version") }))
    .whereRef("cards.card_id", "=", "n.card_id")
    .execute();
}

/** Cards that are not cancelled stay, since a step does not say all of a card. */
function gather(): Gathering {
  const rows = new Map<string, CardRow>();
  let ended = 0;
  return {
    take(events) {
      for (const event of events) {
        const { fact, version } = event;
        if (fact.kind === "card_registered") rows.set(fact.cardId, rowOf(event, fact));
        const row = fact.kind === "card" ? rows.get(fact.cardId) : undefined;
        if (fact.kind !== "card" || row === undefined) continue;
        rows.set(fact.cardId, { ...row, status: fact.status, version });
        if (fact.status === "cancelled") ended += 1;
      }
    },
    appended: () => [],
    changing() {
      const all = [...rows.values()];
      for (const row of all) if (row.status === "cancelled") rows.delete(row.card_id);
      ended = 0;
      return [{ table: "cards", types: COLUMNS, rows: all, key: KEY }];
    },
    get held() {
      return ended;
    },
  };
}

interface Change {
  readonly card_id: string;
  readonly status: string;
  readonly version: number;
}

type CardRow = ReturnType<typeof rowOf>;

function rowOf({ accountId, version, after }: AppliedEvent, card: CardRegistered) {
  return {
    card_id: card.cardId,
    account_id: accountId,
    owner_id: after.ownerId,
    last4: card.last4,
    brand: card.brand,
    expiry: card.expiry,
    status: "inactive",
    version,
  };
}

const CHANGING: ColumnTypes<Change> = { card_id: "uuid", status: "text", version: "int" };

const COLUMNS: ColumnTypes<CardRow> = {
  ...CHANGING,
  account_id: "uuid",
  owner_id: "uuid",
  last4: "text",
  brand: "text",
  expiry: "text",
};

import type { Posting, PostingEvent } from "../../events/account-event.ts";
import type { AppliedEvent } from "../../projector/account-state.ts";
import type { Tx } from "../../tables.ts";
import { type ColumnTypes, unnest } from "../../unnest.ts";
import type { Projection } from "../projection.ts";

export const entriesProjection: Projection = { name: "entries", apply };

/** What a customer calls a posting. */
const TYPES: Readonly<Record<PostingEvent, string>> = {
  MoneyDeposited: "deposit",
  MoneyWithdrawn: "withdrawal",
  TransferSent: "transfer",
  TransferReceived: "transfer",
  ReversalSent: "reversal",
  ReversalReceived: "reversal",
};

async function apply(tx: Tx, events: readonly AppliedEvent[]): Promise<void> {
  const rows = events.flatMap((event) => {
    return event.fact.kind === "posting" ? [rowOf(event, event.fact)] : [];
  });
  if (rows.length === 0) return;
  const source = unnest(rows, COLUMNS);
  await tx.insertInto("entries").columns(source.columns).expression(source.select).execute();
}

function rowOf({ accountId, version, recordedAt, after }: AppliedEvent, posting: Posting) {
  return {
    account_id: accountId,
    version,
    owner_id: after.ownerId,
    transaction_id: posting.transactionId,
    type: TYPES[posting.event],
    direction: posting.direction,
    amount_minor: posting.amountMinor.toString(),
    balance_after_minor: posting.balanceAfterMinor.toString(),
    counterparty_account_id: posting.counterpartyAccountId,
    transfer_id: posting.transferId,
    reference: posting.reference,
    recorded_at: recordedAt,
  };
}

const COLUMNS: ColumnTypes<ReturnType<typeof rowOf>> = {
  account_id: "uuid",
  version: "int",
  owner_id: "uuid",
  transaction_id: "uuid",
  type: "text",
  direction: "text",
  amount_minor: "numeric",
  balance_after_minor: "numeric",
  counterparty_account_id: "uuid",
  transfer_id: "uuid",
  reference: "text",
  recorded_at: "timestamptz",
};

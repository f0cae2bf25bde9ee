import type { Posting, PostingEvent } from "../../events/account-event.ts";
import type { AppliedEvent } from "../../projector/account-state.ts";
import type { Tx } from "../../tables.ts";
import { type ColumnTypes, unnest } from "../../unnest.ts";
import type { Gathering, Projection } from "../projection.ts";

const KEY = ["account_id", "version"];

export const entriesProjection: Projection = {
  name: "entries",
  tables: [{ name: "entries", key: KEY }],
  apply,
  gather,
};

/** What a customer calls a posting. */
const TYPES: Readonly<Record<PostingEvent, string>> = {
  MoneyDeposited: "deposit",
  MoneyWithdrawn: "withdrawal",
  TransferSent: "transfer",
  TransferReceived: "transfer",
  ReversalSent: "reversal",
  ReversalReceived: "reversal",
  HoldCaptured: "capture",
  CaptureReceived: "capture",
  MoneyAdjusted: "adjustment",
  FeeCharged: "fee",
  InterestPosted: "interest",
};

async function apply(tx: Tx, events: readonly AppliedEvent[]): Promise<void> {
  const rows = rowsOf(events);
  if (rows.length === 0) return;
  const source = unnest(rows, COLUMNS);
  await tx.insertInto("entries").columns(source.columns).expression(source.select).execute();
}

function gather(): Gathering {
  let rows: EntryRow[] = [];
  return {
    take: (events) => rows.push(...rowsOf(events)),
    appended() {
      const done = rows;
      rows = [];
      return [{ table: "entries", types: COLUMNS, rows: done, key: KEY }];
    },
    changing: () => [],
    held: 0,
  };
}

type EntryRow = ReturnType<typeof rowOf>;

function rowsOf(events: readonly AppliedEvent[]): EntryRow[] {
  return events.flatMap((event) => {
    return event.fact.kind === "posting" ? [rowOf(event, event.fact)] : [];
  });
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

const COLUMNS: ColumnTypes<EntryRow> = {
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

import { dayOf } from "../../days.ts";
import type { PostingEvent } from "../../events/account-event.ts";
import type { AppliedEvent } from "../../projector/account-state.ts";
import type { Tx } from "../../tables.ts";
import { type ColumnTypes, unnest } from "../../unnest.ts";
import type { Projection } from "../projection.ts";

export const generalLedgerProjection: Projection = { name: "general-ledger", apply };

/** The accounts of the general ledger. */
type GlAccount = "settlement_assets" | "customer_deposits" | "transfers_in_transit";

/** Each event is one entry, in balance by itself: one account is debited, one credited. */
const ENTRIES: Readonly<Record<PostingEvent, { debit: GlAccount; credit: GlAccount }>> = {
  MoneyDeposited: { debit: "settlement_assets", credit: "customer_deposits" },
  MoneyWithdrawn: { debit: "customer_deposits", credit: "settlement_assets" },
  TransferSent: { debit: "customer_deposits", credit: "transfers_in_transit" },
  TransferReceived: { debit: "transfers_in_transit", credit: "customer_deposits" },
  ReversalSent: { debit: "customer_deposits", credit: "transfers_in_transit" },
  ReversalReceived: { debit: "transfers_in_transit", credit: "customer_deposits" },
};

async function apply(tx: Tx, events: readonly AppliedEvent[]): Promise<void> {
  const rows = events.flatMap(journalRows);
  if (rows.length === 0) return;
  const journal = unnest(rows, JOURNAL_COLUMNS);
  await tx.insertInto("journal").columns(journal.columns).expression(journal.select).execute();
  const totals = unnest(totalsOf(rows), TOTALS_COLUMNS);
  await tx
    .insertInto("gl_daily")
    .columns(totals.columns)
    .expression(totals.select)
    .onConflict((conflict) => {
      const keys = conflict.columns(["day", "gl_account", "currency"]);
      return keys.doUpdateSet((eb) => ({
        debits_minor: eb("gl_daily.debits_minor", "+", eb.ref("excluded.debits_minor")),
        credits_minor: eb("gl_daily.credits_minor", "+", eb.ref("excluded.credits_minor")),
      }));
    })
    .execute();
}

interface JournalRow {
  readonly ledger: number;
  readonly position: string;
  readonly recorded_at: string;
  readonly currency: string;
  readonly debit_account: GlAccount;
  readonly credit_account: GlAccount;
  readonly amount_minor: string;
}

function journalRows({ ledger, position, recordedAt, fact }: AppliedEvent): JournalRow[] {
  if (fact.kind !== "posting") return [];
  const { debit, credit } = ENTRIES[fact.event];
  return [
    {
      ledger,
      position: String(position),
      recorded_at: recordedAt,
      currency: fact.currency,
      debit_account: debit,
      credit_account: credit,
      amount_minor: fact.amountMinor.toString(),
    },
  ];
}

/** In a fixed order, so that two writers never wait for each other. */
function totalsOf(rows: readonly JournalRow[]) {
  const sums = new Map<string, { debits: bigint; credits: bigint }>();
  const sumOf = (row: JournalRow, account: GlAccount) => {
    const key = `${dayOf(row.recorded_at)} ${account} ${row.currency}`;
    const sum = sums.get(key) ?? { debits: 0n, credits: 0n };
    sums.set(key, sum);
    return sum;
  };
  for (const row of rows) {
    sumOf(row, row.debit_account).debits += BigInt(row.amount_minor);
    sumOf(row, row.credit_account).credits += BigInt(row.amount_minor);
  }
  return [...sums.keys()].sort().map((key) => {
    const [day = "", gl_account = "", currency = ""] = key.split(" ");
    const { debits, credits } = sums.get(key) as { debits: bigint; credits: bigint };
    const totals = { debits_minor: debits.toString(), credits_minor: credits.toString() };
    return { day, gl_account, currency, ...totals };
  });
}

const JOURNAL_COLUMNS: ColumnTypes<JournalRow> = {
  ledger: "int",
  position: "bigint",
  recorded_at: "timestamptz",
  currency: "text",
  debit_account: "text",
  credit_account: "text",
  amount_minor: "numeric",
};

const TOTALS_COLUMNS: ColumnTypes<ReturnType<typeof totalsOf>[number]> = {
  day: "date",
  gl_account: "text",
  currency: "text",
  debits_minor: "numeric",
  credits_minor: "numeric",
};

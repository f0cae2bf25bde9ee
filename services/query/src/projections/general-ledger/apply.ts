import { dayOf } from "../../days.ts";
import type { Posting, PostingEvent } from "../../events/account-event.ts";
import type { AppliedEvent } from "../../projector/account-state.ts";
import type { Tx } from "../../tables.ts";
import { type ColumnTypes, unnest } from "../../unnest.ts";
import type { Gathering, Projection } from "../projection.ts";

const JOURNAL_KEY = ["ledger", "position"];
const TOTALS_KEY = ["day", "gl_account", "currency"];

export const generalLedgerProjection: Projection = {
  name: "general-ledger",
  tables: [
    { name: "journal", key: JOURNAL_KEY },
    { name: "gl_daily", key: TOTALS_KEY },
  ],
  apply,
  gather,
};

/** The accounts of the general ledger. */
type GlAccount =
  | "settlement_assets"
  | "customer_deposits"
  | "transfers_in_transit"
  | "fee_income"
  | "interest_expense"
  | "adjustments";

/** Each event is one entry, in balance by itself: one account is debited, one credited. */
const ENTRIES: Readonly<Record<PostingEvent, { debit: GlAccount; credit: GlAccount }>> = {
  MoneyDeposited: { debit: "settlement_assets", credit: "customer_deposits" },
  MoneyWithdrawn: { debit: "customer_deposits", credit: "settlement_assets" },
  TransferSent: { debit: "customer_deposits", credit: "transfers_in_transit" },
  TransferReceived: { debit: "transfers_in_transit", credit: "customer_deposits" },
  ReversalSent: { debit: "customer_deposits", credit: "transfers_in_transit" },
  ReversalReceived: { debit: "transfers_in_transit", credit: "customer_deposits" },
  HoldCaptured: { debit: "customer_deposits", credit: "settlement_assets" },
  CaptureReceived: { debit: "transfers_in_transit", credit: "customer_deposits" },
  MoneyAdjusted: { debit: "adjustments", credit: "customer_deposits" },
  InterestPosted: { debit: "interest_expense", credit: "customer_deposits" },
  FeeCharged: { debit: "customer_deposits", credit: "fee_income" },
};

/** What is taken back from an account, or paid out of it to another one, has its own other side. */
function entryOf({ event, direction, transferId }: Posting) {
  if (event === "HoldCaptured" && transferId !== null) return ENTRIES.TransferSent;
  const { debit, credit } = ENTRIES[event];
  const isTakenBack = event === "MoneyAdjusted" && direction === "debit";
  return isTakenBack ? { debit: credit, credit: debit } : { debit, credit };
}

async function apply(tx: Tx, events: readonly AppliedEvent[]): Promise<void> {
  const rows = events.flatMap(journalRows);
  if (rows.length === 0) return;
  const journal = unnest(rows, JOURNAL_COLUMNS);
  await tx.insertInto("journal").columns(journal.columns).expression(journal.select).execute();
  const sums: Sums = new Map();
  add(sums, rows);
  const totals = unnest(totalsOf(sums), TOTALS_COLUMNS);
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
  const { debit, credit } = entryOf(fact);
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

/** A few rows a day, however long the log: the sums are kept, and grow. */
function gather(): Gathering {
  const sums: Sums = new Map();
  let journal: JournalRow[] = [];
  return {
    take(events) {
      const rows = events.flatMap(journalRows);
      add(sums, rows);
      journal.push(...rows);
    },
    appended() {
      const rows = journal;
      journal = [];
      return [{ table: "journal", types: JOURNAL_COLUMNS, rows, key: JOURNAL_KEY }];
    },
    changing: () => [
      { table: "gl_daily", types: TOTALS_COLUMNS, rows: totalsOf(sums), key: TOTALS_KEY },
    ],
    held: 0,
  };
}

interface Sum {
  debits: bigint;
  credits: bigint;
}

/** By day and currency, then by account of the general ledger. */
type Sums = Map<string, Map<GlAccount, Sum>>;

function add(sums: Sums, rows: readonly JournalRow[]): void {
  for (const row of rows) {
    const key = `${dayOf(row.recorded_at)} ${row.currency}`;
    const ofDay = sums.get(key) ?? new Map<GlAccount, Sum>();
    if (ofDay.size === 0) sums.set(key, ofDay);
    const amount = BigInt(row.amount_minor);
    sumOf(ofDay, row.debit_account).debits += amount;
    sumOf(ofDay, row.credit_account).credits += amount;
  }
}

function sumOf(ofDay: Map<GlAccount, Sum>, account: GlAccount): Sum {
  const known = ofDay.get(account);
  if (known !== undefined) return known;
  const sum = { debits: 0n, credits: 0n };
  ofDay.set(account, sum);
  return sum;
}

/** In a fixed order, so that two writers never wait for each other. */
function totalsOf(sums: Sums) {
  return [...sums.keys()].sort().flatMap((key) => {
    const [day = "", currency = ""] = key.split(" ");
    const ofDay = [...(sums.get(key) ?? [])].sort(([a], [b]) => (a < b ? -1 : 1));
    return ofDay.map(([gl_account, { debits, credits }]) => {
      const totals = { debits_minor: debits.toString(), credits_minor: credits.toString() };
      return { day, gl_account, currency, ...totals };
    });
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

import type { Envelope } from "@countinghouse/contracts";
import {
  type AccountEvent,
  available,
  evolveAccount,
  heldBy,
  type MoneyText,
  minorUnits,
} from "@countinghouse/domain";
import pg from "pg";

/** The rows of a table as text, each under a name that tells it from the others. */
type Rows = Map<string, string>;
type Tables = Record<
  "accounts" | "entries" | "daily_balances" | "journal" | "gl_daily" | "holds" | "cards",
  Rows
>;

const SHOWN_MAX = 20;

/**
 * Where the read tables differ from a fold of the log that shares no code with the projections; at
 * most 20 lines, none when they are equal. `events` are all of all ledgers, `databaseUrl` is of a
 * role that sees every row, as the projector's does.
 */
export async function differencesFromLog(
  databaseUrl: string,
  events: readonly Envelope[],
): Promise<string[]> {
  const client = new pg.Client(databaseUrl);
  await client.connect();
  try {
    const [expected, found] = [foldOf(events), await tablesOf(client)];
    const lines = Object.entries(expected).flatMap(([table, rows]) => {
      return compare(table, rows, found[table as keyof Tables]);
    });
    return lines.slice(0, SHOWN_MAX);
  } finally {
    await client.end();
  }
}

function compare(table: string, expected: Rows, found: Rows): string[] {
  const names = new Set([...expected.keys(), ...found.keys()]);
  return [...names].flatMap((name) => {
    const [want, have] = [expected.get(name), found.get(name)];
    return want === have ? [] : [`${table} ${name}: log ${want}, table ${have}`];
  });
}

const SIDES: Record<string, [debit: string, credit: string]> = {
  MoneyDeposited: ["settlement_assets", "customer_deposits"],
  MoneyWithdrawn: ["customer_deposits", "settlement_assets"],
  TransferSent: ["customer_deposits", "transfers_in_transit"],
  TransferReceived: ["transfers_in_transit", "customer_deposits"],
  ReversalSent: ["customer_deposits", "transfers_in_transit"],
  ReversalReceived: ["transfers_in_transit", "customer_deposits"],
  HoldCaptured: ["customer_deposits", "settlement_assets"],
  CaptureReceived: ["transfers_in_transit", "customer_deposits"],
  InterestPosted: ["interest_expense", "customer_deposits"],
  FeeCharged: ["customer_deposits", "fee_income"],
  MoneyAdjusted: ["adjustments", "customer_deposits"],
};

function foldOf(events: readonly Envelope[]): Tables {
  const tables = {
    ...{ accounts: new Map(), entries: new Map(), daily_balances: new Map() },
    ...{ journal: new Map(), gl_daily: new Map(), holds: new Map(), cards: new Map() },
  } as Tables;
  const streams = Map.groupBy(
    events.filter(({ type }) => type !== "TransferReversed"),
    ({ streamId }) => streamId,
  );
  for (const stream of streams.values()) foldAccount(stream, tables);
  const sums = new Map<string, [debits: bigint, credits: bigint]>();
  for (const event of events) foldJournal(event, tables.journal, sums);
  for (const [name, sum] of sums) tables.gl_daily.set(name, sum.join(" "));
  return tables;
}

function foldAccount(stream: readonly Envelope[], tables: Tables): void {
  const opened = stream.at(0) as Envelope;
  let state: ReturnType<typeof evolveAccount> | undefined;
  for (const event of stream) {
    const { streamId: id, version, recordedAt, data } = event;
    state = evolveAccount(state, event as unknown as AccountEvent);
    const { name = null } = opened.data as { name?: string };
    const kept = [state.ownerId, event.meta.ledger, state.accountType, name, state.currency];
    const money = [state.balance, heldBy(state.holds), available(state)];
    const moving = [state.status, ...money, ...usedBy(state), version, event.position];
    foldBanking(event, state, tables);
    const times = [Date.parse(opened.recordedAt), Date.parse(recordedAt)];
    tables.accounts.set(id, [...kept, ...moving, ...times].join(" "));
    const day = `${id} ${recordedAt.slice(0, 10)}`;
    if (event === opened || event.type in SIDES) {
      tables.daily_balances.set(day, `${state.ownerId} ${state.balance}`);
    }
    if (!(event.type in SIDES)) continue;
    const fact = data as Record<string, string> & { amount: MoneyText };
    const what = [kindOf(event.type), fact.direction, minorUnits(fact.amount), state.balance];
    const links = [fact.counterpartyAccountId, fact.transferId, fact.reference];
    const entry = [state.ownerId, fact.transactionId, ...what, ...links, Date.parse(recordedAt)];
    tables.entries.set(`${id} ${version}`, entry.join(" "));
  }
}

function usedBy({ used }: ReturnType<typeof evolveAccount>): unknown[] {
  const sums = Object.values(used?.sums ?? {});
  const today = sums.reduce((sum, one) => sum + one.today, 0n);
  return [used?.day ?? null, today, sums.reduce((sum, one) => sum + one.month, 0n)];
}

const CARD_STATUSES: Record<string, string> = {
  ...{ CardRegistered: "inactive", CardActivated: "active", CardFrozen: "frozen" },
  ...{ CardUnfrozen: "active", CardCancelled: "cancelled" },
};

interface BankingFact {
  readonly holdId: string;
  readonly cardId: string;
  readonly amount: MoneyText;
  readonly captured: MoneyText;
  readonly remaining: MoneyText;
}

function foldBanking(
  { type, data, version }: Envelope,
  { ownerId }: ReturnType<typeof evolveAccount>,
  { holds, cards }: Tables,
): void {
  const fact = data as unknown as BankingFact;
  if (type === "HoldPlaced") {
    holds.set(fact.holdId, [ownerId, minorUnits(fact.amount), 0n, "active"].join(" "));
  } else if (type === "HoldCaptured" || type === "HoldReleased" || type === "HoldExpired") {
    const [owner, amount, captured] = (holds.get(fact.holdId) ?? "").split(" ");
    const paid = type === "HoldCaptured" ? minorUnits(fact.captured) : captured;
    const isOver = type !== "HoldCaptured" || minorUnits(fact.remaining) === 0n;
    const status = isOver ? type.slice("Hold".length).toLowerCase() : "active";
    holds.set(fact.holdId, [owner, amount, paid, status].join(" "));
  } else if (type in CARD_STATUSES) {
    cards.set(fact.cardId, [ownerId, CARD_STATUSES[type], version].join(" "));
  }
}

function kindOf(type: string): string {
  if (type.includes("Capture")) return "capture";
  if (type === "FeeCharged") return "fee";
  if (type === "InterestPosted") return "interest";
  if (type === "MoneyAdjusted") return "adjustment";
  if (type === "MoneyDeposited") return "deposit";
  if (type === "MoneyWithdrawn") return "withdrawal";
  return type.startsWith("Transfer") ? "transfer" : "reversal";
}

function foldJournal(
  { type, meta, position, recordedAt, data }: Envelope,
  journal: Rows,
  sums: Map<string, [bigint, bigint]>,
): void {
  const sides = SIDES[type];
  if (sides === undefined) return;
  const fact = data as { amount: MoneyText; transferId?: string; direction: string };
  const { amount, transferId } = fact;
  const isPassedOn = type === "HoldCaptured" && transferId !== undefined;
  const isTakenBack = type === "MoneyAdjusted" && fact.direction === "debit";
  const forward = isPassedOn ? ["customer_deposits", "transfers_in_transit"] : sides;
  const booked = isTakenBack ? forward.toReversed() : forward;
  const line = [Date.parse(recordedAt), amount.currency, ...booked, minorUnits(amount)];
  journal.set(`${meta.ledger} ${position}`, line.join(" "));
  for (const [i, side] of booked.entries()) {
    const name = `${recordedAt.slice(0, 10)} ${side} ${amount.currency}`;
    const sum = sums.get(name) ?? [0n, 0n];
    sum[i === 0 ? 0 : 1] += minorUnits(amount);
    sums.set(name, sum);
  }
}

const MS = (column: string) => `(extract(epoch FROM ${column}) * 1000)::bigint`;

/** As text, in the order in which the fold joins: the first column or two are the name. */
const SELECTS: Record<keyof Tables, string> = {
  accounts: `SELECT account_id, owner_id, ledger, type, name, currency, status, balance_minor,
    held_minor, balance_minor - held_minor + overdraft_minor, used_day, used_today_minor,
    used_month_minor, version, position, ${MS("opened_at")} AS a, ${MS("updated_at")} AS b
    FROM read.accounts`,
  entries: `SELECT account_id || ' ' || version, owner_id, transaction_id, type, direction,
    amount_minor, balance_after_minor, counterparty_account_id, transfer_id, reference,
    ${MS("recorded_at")} FROM read.entries`,
  daily_balances: `SELECT account_id || ' ' || day, owner_id, closing_minor
    FROM read.daily_balances`,
  journal: `SELECT ledger || ' ' || position, ${MS("recorded_at")}, currency, debit_account,
    credit_account, amount_minor FROM read.journal`,
  gl_daily: `SELECT day || ' ' || gl_account || ' ' || currency, debits_minor, credits_minor
    FROM read.gl_daily`,
  holds: "SELECT hold_id, owner_id, amount_minor, captured_minor, status FROM read.holds",
  cards: "SELECT card_id, owner_id, status, version FROM read.cards",
};

async function tablesOf(client: pg.Client): Promise<Tables> {
  const tables: Partial<Tables> = {};
  for (const [table, text] of Object.entries(SELECTS)) {
    const { rows } = await client.query<unknown[]>({ text, rowMode: "array" });
    const named = rows.map(([name, ...row]): [string, string] => [String(name), row.join(" ")]);
    tables[table as keyof Tables] = new Map(named);
  }
  return tables as Tables;
}

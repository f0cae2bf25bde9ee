import type { Envelope, Statement, Transaction } from "@countinghouse/contracts";
import { minorUnits, moneyText, type PostingEvent } from "@countinghouse/domain";
import { createAccountFold, UnfoldableError } from "./account-fold.ts";

/** The bounds of a month: its first moment, and that of the next one. */
export interface MonthBounds {
  readonly month: string;
  readonly start: Date;
  readonly end: Date;
}

/** What statements call the events that move money. */
const TYPES: Readonly<Record<PostingEvent["type"], Transaction["type"]>> = {
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

/**
 * The statement of a closed month from the events of an account's stream alone, from its first. The
 * same, byte for byte, as the bank gives it as JSON. Throws an UnfoldableError for events that do
 * not make an account, or whose balances do not follow from each other.
 */
export function foldStatement(
  events: readonly Envelope[],
  { month, start, end }: MonthBounds,
): Statement {
  const fold = createAccountFold();
  const entries: Transaction[] = [];
  let [opening, credits, debits] = [0n, 0n, 0n];
  for (const event of events) {
    const at = new Date(event.recordedAt);
    if (at >= end) break;
    const before = fold.balance;
    fold.apply(event);
    if (at < start) opening = fold.balance;
    if (!Object.hasOwn(TYPES, event.type)) continue;
    const entry = entryOf(event);
    const moved = minorUnits(entry.amount);
    const signed = entry.direction === "credit" ? moved : -moved;
    if (before + signed !== fold.balance) {
      throw new UnfoldableError(`version ${event.version} has another balance than it comes to`);
    }
    if (at < start) continue;
    entries.push(entry);
    if (signed > 0n) credits += moved;
    else debits += moved;
  }
  const [first] = events;
  if (first === undefined) throw new UnfoldableError("there is no event");
  const money = (minor: bigint) => moneyText(minor, fold.currency);
  return {
    ...{ accountId: first.streamId, month, closed: true },
    openingBalance: money(opening),
    closingBalance: money(fold.balance),
    credits: money(credits),
    debits: money(debits),
    entries,
  };
}

interface PostingData extends Pick<Transaction, "transactionId" | "direction"> {
  readonly amount: Transaction["amount"];
  readonly balanceAfter: Transaction["balanceAfter"];
  readonly counterpartyAccountId?: string;
  readonly transferId?: string;
  readonly reference?: string;
}

function entryOf({ type, version, data, recordedAt }: Envelope): Transaction {
  const posting = data as unknown as PostingData;
  const { amount, balanceAfter, counterpartyAccountId, transferId, reference } = posting;
  const shown = ({ value, currency }: Transaction["amount"]) => ({ value, currency });
  return {
    transactionId: posting.transactionId,
    version,
    type: TYPES[type as PostingEvent["type"]],
    direction: posting.direction,
    amount: shown(amount),
    balanceAfter: shown(balanceAfter),
    ...(counterpartyAccountId !== undefined && { counterpartyAccountId }),
    ...(transferId !== undefined && { transferId }),
    ...(reference !== undefined && { reference }),
    occurredAt: recordedAt,
  };
}

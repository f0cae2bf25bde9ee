// These names are the storage format of the log: add, never rename.
import type { AdjustmentEvent, MoneyAdjusted } from "../adjustment/events.ts";
import type { CardEvent } from "../card/events.ts";
import type { CaptureReceived, HoldCaptured, HoldEvent } from "../hold/events.ts";
import type { InterestEvent, InterestPosted } from "../interest/events.ts";
import type { LimitsEvent } from "../limits/events.ts";
import type { MoneyText } from "../money.ts";
import type { FeeCharged } from "../tariff/events.ts";

export type AccountType = "checking" | "savings";

export interface AccountOpened {
  readonly type: "AccountOpened";
  readonly data: {
    readonly ownerId: string;
    readonly accountType: AccountType;
    readonly currency: string;
    readonly name?: string;
  };
}

interface Posting {
  readonly transactionId: string;
  readonly amount: MoneyText;
  readonly balanceAfter: MoneyText;
}
type Credit = Posting & { readonly direction: "credit" };
type Debit = Posting & { readonly direction: "debit" };
/** The bank's day in which it counts against limits; absent in events older than limits. */
type Counted = { readonly day?: string };

export interface MoneyDeposited {
  readonly type: "MoneyDeposited";
  readonly data: Credit & { readonly reference?: string };
}

export interface MoneyWithdrawn {
  readonly type: "MoneyWithdrawn";
  readonly data: Debit & Counted & { readonly reference?: string };
}

/** Both sides of a transfer in each leg, so that one leg alone tells everything. */
interface Transfer {
  readonly transferId: string;
  readonly fromAccountId: string;
  readonly toAccountId: string;
  readonly counterpartyAccountId: string;
}

export interface TransferSent {
  readonly type: "TransferSent";
  readonly data: Debit & Counted & Transfer & { readonly reference?: string };
}

export interface TransferReceived {
  readonly type: "TransferReceived";
  readonly data: Credit & Transfer & { readonly reference?: string };
}

interface Reversal extends Transfer {
  readonly reversesTransferId: string;
  readonly reason: string;
}

/** The account that had received pays back. */
export interface ReversalSent {
  readonly type: "ReversalSent";
  readonly data: Debit & Reversal;
}

export interface ReversalReceived {
  readonly type: "ReversalReceived";
  readonly data: Credit & Reversal;
}

export interface AccountFrozen {
  readonly type: "AccountFrozen";
  readonly data: { readonly reason: string };
}

export interface AccountUnfrozen {
  readonly type: "AccountUnfrozen";
  readonly data: { readonly reason: string };
}

export interface AccountClosed {
  readonly type: "AccountClosed";
  readonly data: Readonly<Record<string, never>>;
}

export type PostingEvent =
  | MoneyDeposited
  | MoneyWithdrawn
  | TransferSent
  | TransferReceived
  | ReversalSent
  | ReversalReceived
  | HoldCaptured
  | CaptureReceived
  | MoneyAdjusted
  | FeeCharged
  | InterestPosted;

export type AccountEvent =
  | AccountOpened
  | PostingEvent
  | HoldEvent
  | LimitsEvent
  | AdjustmentEvent
  | InterestEvent
  | CardEvent
  | AccountFrozen
  | AccountUnfrozen
  | AccountClosed;

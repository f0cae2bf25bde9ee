// These names are the storage format of the log: add, never rename.
// They are events of the account's stream: a hold lives in its account.
import type { MoneyText } from "../money.ts";

/** Money of the account was set aside; it is no posting. */
export interface HoldPlaced {
  readonly type: "HoldPlaced";
  readonly data: {
    readonly holdId: string;
    readonly amount: MoneyText;
    /** All that is held in the account after this event. */
    readonly heldAfter: MoneyText;
    /** The bank's day in which it counts against limits. */
    readonly day: string;
    readonly expiresAt?: string;
    readonly reference?: string;
    /** Of a card payment: by which card, and to whom. */
    readonly cardId?: string;
    readonly merchant?: string;
  };
}

/** What a hold gives back of what it had set aside. */
interface Freed {
  readonly holdId: string;
  readonly freed: MoneyText;
  readonly heldAfter: MoneyText;
  /** The day in which the hold was placed: there it counts no more. */
  readonly placedOn: string;
}

/** The whole or a part of a hold was paid; what a final capture leaves is free again. */
export interface HoldCaptured {
  readonly type: "HoldCaptured";
  readonly data: Freed & {
    readonly transactionId: string;
    readonly amount: MoneyText;
    readonly direction: "debit";
    readonly balanceAfter: MoneyText;
    /** Of the hold, over all its captures. */
    readonly captured: MoneyText;
    readonly remaining: MoneyText;
    readonly transferId?: string;
    readonly counterpartyAccountId?: string;
    readonly reference?: string;
  };
}

/** The other side of a capture that was paid to an account. */
export interface CaptureReceived {
  readonly type: "CaptureReceived";
  readonly data: {
    readonly transactionId: string;
    readonly amount: MoneyText;
    readonly direction: "credit";
    readonly balanceAfter: MoneyText;
    readonly holdId: string;
    readonly transferId: string;
    readonly counterpartyAccountId: string;
    readonly reference?: string;
  };
}

export interface HoldReleased {
  readonly type: "HoldReleased";
  readonly data: Freed;
}

/** A hold was over at its time; the event may come later, that time is what counts. */
export interface HoldExpired {
  readonly type: "HoldExpired";
  readonly data: Freed & { readonly expiredAt: string };
}

export type HoldEvent = HoldPlaced | HoldCaptured | HoldReleased | HoldExpired;

// These names are the storage format of the log: add, never rename.
// They are events of the account's stream: a correction lives in the account that it corrects.
import type { MoneyText } from "../money.ts";

/** A correction of a posting, by money of the bank: given to the account or taken back from it. */
export interface Adjustment {
  readonly direction: "credit" | "debit";
  readonly amount: MoneyText;
  readonly reason: string;
  /** What the customer reads. */
  readonly reference?: string;
  /** The posting of this account that was wrong. */
  readonly corrects: Corrected;
}

export interface Corrected {
  readonly version: number;
  readonly transactionId: string;
}

interface Proposed {
  readonly proposalId: string;
  readonly adjustment: Adjustment;
  readonly proposedBy: string;
  readonly proposedAt: string;
}

interface Decided extends Proposed {
  readonly decidedBy: string;
  readonly decidedAt: string;
}

export interface AdjustmentProposed {
  readonly type: "AdjustmentProposed";
  readonly data: Proposed;
}

/** Followed by its MoneyAdjusted. */
export interface AdjustmentApproved {
  readonly type: "AdjustmentApproved";
  readonly data: Decided;
}

export interface AdjustmentRejected {
  readonly type: "AdjustmentRejected";
  readonly data: Decided;
}

/** The posting of an approved adjustment. */
export interface MoneyAdjusted {
  readonly type: "MoneyAdjusted";
  readonly data: {
    readonly transactionId: string;
    readonly amount: MoneyText;
    readonly direction: "credit" | "debit";
    readonly balanceAfter: MoneyText;
    readonly proposalId: string;
    readonly reason: string;
    readonly corrects: Corrected;
    readonly reference?: string;
  };
}

export type AdjustmentEvent =
  | AdjustmentProposed
  | AdjustmentApproved
  | AdjustmentRejected
  | MoneyAdjusted;

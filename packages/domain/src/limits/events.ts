// These names are the storage format of the log: add, never rename.
// They are events of the account's stream: limits and proposals live in their account.
import type { MoneyText } from "../money.ts";

/** The ways in which money leaves an account by its holder's will. */
export type Channel = "transfer" | "withdrawal" | "card";

/** What outgoing money may come to: at once, in a day, in a month. */
export interface Caps {
  readonly perTransaction?: MoneyText;
  readonly dailyOutgoing?: MoneyText;
  readonly monthlyOutgoing?: MoneyText;
}

/** The whole set: what is absent is no limit. */
export interface Limits extends Caps {
  /** How far below zero the balance may go. */
  readonly overdraft?: MoneyText;
  /** Caps on one way alone, beside those on all of them. */
  readonly channels?: { readonly [Way in Channel]?: Caps };
}

interface Proposed {
  readonly proposalId: string;
  readonly limits: Limits;
  readonly proposedBy: string;
  readonly proposedAt: string;
}

interface Decided extends Proposed {
  readonly decidedBy: string;
  readonly decidedAt: string;
}

export interface LimitsProposed {
  readonly type: "LimitsProposed";
  readonly data: Proposed;
}

/** The limits are in force from the next event on. */
export interface LimitsApproved {
  readonly type: "LimitsApproved";
  readonly data: Decided;
}

export interface LimitsRejected {
  readonly type: "LimitsRejected";
  readonly data: Decided;
}

export type LimitsEvent = LimitsProposed | LimitsApproved | LimitsRejected;

import type { Envelope } from "@countinghouse/contracts";

/** The account events of the log, as the projections want them: checked, money as minor units. */

/** An event as the log has it, of whose cause no projection asks. */
export type LogEvent = Omit<Envelope, "meta"> & { readonly meta: { readonly ledger: number } };

/** Where an event stands. */
export interface Place {
  readonly accountId: string;
  readonly ledger: number;
  readonly position: number;
  readonly version: number;
  readonly eventId: string;
  /** RFC 3339 in UTC, with milliseconds. */
  readonly recordedAt: string;
}

export interface Opened {
  readonly kind: "opened";
  readonly ownerId: string;
  readonly type: string;
  readonly currency: string;
  readonly name: string | null;
}

/** The events that move money. */
export type PostingEvent =
  | "MoneyDeposited"
  | "MoneyWithdrawn"
  | "TransferSent"
  | "TransferReceived"
  | "ReversalSent"
  | "ReversalReceived"
  | "HoldCaptured"
  | "CaptureReceived"
  | "MoneyAdjusted"
  | "FeeCharged"
  | "InterestPosted";

/** What an event makes of all that is held in an account, and gives back to limits. */
export interface Freeing {
  readonly heldAfterMinor: bigint;
  readonly freedMinor: bigint;
  /** The day in which the hold was placed. */
  readonly placedOn: string;
}

export interface Posting {
  readonly kind: "posting";
  readonly event: PostingEvent;
  readonly transactionId: string;
  readonly direction: "credit" | "debit";
  readonly amountMinor: bigint;
  readonly balanceAfterMinor: bigint;
  readonly currency: string;
  readonly counterpartyAccountId: string | null;
  readonly transferId: string | null;
  readonly reference: string | null;
  /** The day in which it counts against limits; null for what does not. */
  readonly day: string | null;
  /** Of a capture: what it left of the hold. */
  readonly capture: Capture | null;
}

export interface Capture extends Freeing {
  readonly holdId: string;
  readonly capturedMinor: bigint;
  readonly remainingMinor: bigint;
}

export interface HoldPlaced {
  readonly kind: "hold_placed";
  readonly holdId: string;
  readonly amountMinor: bigint;
  readonly heldAfterMinor: bigint;
  readonly day: string;
  readonly expiresAt: string | null;
  readonly cardId: string | null;
  readonly reference: string | null;
}

export interface HoldEnded extends Freeing {
  readonly kind: "hold_ended";
  readonly holdId: string;
  readonly status: "released" | "expired";
}

/** A proposal, and what became of it. */
export interface ProposalFact {
  readonly kind: "proposal";
  readonly of: "limits" | "adjustment";
  readonly status: "open" | "approved" | "rejected";
  readonly proposalId: string;
  /** What was proposed: JSON, as the event has it. */
  readonly details: string;
  /** Of limits. */
  readonly overdraftMinor: bigint;
  readonly proposedBy: string;
  readonly proposedAt: string;
  readonly decidedBy: string | null;
  readonly decidedAt: string | null;
}

export interface CardRegistered {
  readonly kind: "card_registered";
  readonly cardId: string;
  readonly last4: string;
  readonly brand: string;
  readonly expiry: string;
}

export interface CardStep {
  readonly kind: "card";
  readonly cardId: string;
  readonly status: "active" | "frozen" | "cancelled";
}

export interface StatusChanged {
  readonly kind: "status";
  readonly status: "open" | "frozen" | "closed";
}

/** Something that changes nothing that is shown. */
export interface Noted {
  readonly kind: "noted";
}

export type Fact =
  | Opened
  | Posting
  | StatusChanged
  | HoldPlaced
  | HoldEnded
  | ProposalFact
  | CardRegistered
  | CardStep
  | Noted;

export interface AccountEvent extends Place {
  readonly fact: Fact;
}

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
  | "ReversalReceived";

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
}

export interface StatusChanged {
  readonly kind: "status";
  readonly status: "open" | "frozen" | "closed";
}

export type Fact = Opened | Posting | StatusChanged;

export interface AccountEvent extends Place {
  readonly fact: Fact;
}

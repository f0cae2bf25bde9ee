import type { Channel } from "./limits/events.ts";
import type { MoneyText } from "./money.ts";

/** Why a command is refused. Stable: callers and records have these words. */
export type Refusal =
  | "not_found"
  | "same_account"
  | "account_closed"
  | "account_frozen"
  | "account_not_frozen"
  | "account_not_empty"
  | "currency_mismatch"
  | "date_in_past"
  | "hold_not_active"
  | "amount_exceeds_hold"
  | "too_many_holds"
  | "insufficient_funds"
  | "limit_exceeded"
  | "too_many_proposals"
  | "proposal_closed"
  | "self_approval"
  | "already_corrected"
  | "card_inactive"
  | "card_frozen"
  | "card_cancelled"
  | "card_expired"
  | "too_many_cards"
  | "illegal_transition"
  | "otp_needed"
  | "wrong_otp"
  | "already_reversed"
  | "not_reversible";

/** The limit that a refusal is by, and what it would still have allowed. */
export interface LimitHit {
  readonly name: "perTransaction" | "dailyOutgoing" | "monthlyOutgoing";
  /** Absent: a limit on all outgoing money. */
  readonly channel?: Channel;
  readonly amount: MoneyText;
  readonly left: MoneyText;
}

/** `limit` is there when limit_exceeded is by one that was set. */
export interface Refused {
  readonly kind: "refused";
  readonly code: Refusal;
  readonly limit?: LimitHit;
}

/** What a command comes to: the facts it makes, or one refusal. */
export type Decision<Facts> = { readonly kind: "accepted"; readonly facts: Facts } | Refused;

export function accept<Facts>(facts: Facts): Decision<Facts> {
  return { kind: "accepted", facts };
}

export function refuse(code: Refusal, limit?: LimitHit): Refused {
  return limit === undefined ? { kind: "refused", code } : { kind: "refused", code, limit };
}

/** Whose accounts a command may touch: anybody's, or only those of this user. */
export type By = { readonly kind: "any" } | { readonly kind: "own"; readonly userId: string };

/** When a command was given. Its time decides, whenever and wherever it is looked at. */
export interface When {
  /** RFC 3339 in UTC, with milliseconds. */
  readonly now: string;
  /** The bank's day that it lies in: `2026-11-24`. */
  readonly day: string;
}

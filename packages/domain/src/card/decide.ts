// Refusals in the order in which they are looked for.
// Registering: not_found, account_closed, card_expired, too_many_cards.
// A step: not_found, card_cancelled, illegal_transition, card_expired (to become active), then the
// second factor's otp_needed or wrong_otp (to become active).
// Paying: not_found, card_cancelled, card_inactive, card_frozen, card_expired, then as a hold.
import { visible } from "../account/decide.ts";
import type { Account } from "../account/state.ts";
import { accept, type By, type Decision, type Refusal, refuse, type When } from "../decision.ts";
import { placeHold } from "../hold/decide.ts";
import type { HoldEvent } from "../hold/events.ts";
import type { Money } from "../money.ts";
import type { CardRegistered, CardStep } from "./events.ts";
import type { Card } from "./state.ts";

/** How many cards that are not cancelled an account may have. */
export const CARDS_MAX = 100;

export interface RegisterCard {
  readonly by: By;
  readonly when: When;
  readonly cardId: string;
  readonly last4: string;
  readonly brand: string;
  readonly expiry: string;
}

/** The caller has looked at the number; it goes no further than that. */
export function registerCard(
  { by, when, cardId, last4, brand, expiry }: RegisterCard,
  state: Account | undefined,
): Decision<CardRegistered> {
  const account = visible(state, by);
  if (account === undefined) return refuse("not_found");
  if (account.status === "closed") return refuse("account_closed");
  if (hasExpired({ expiry }, when)) return refuse("card_expired");
  if (Object.keys(account.cards ?? {}).length >= CARDS_MAX) return refuse("too_many_cards");
  return accept({ type: "CardRegistered", data: { cardId, last4, brand, expiry } });
}

export type CardVerb = "activate" | "freeze" | "unfreeze" | "cancel";

/** What became of the second factor's code that came along; undefined where none is asked for. */
export type OtpOutcome = "no_mfa" | "otp_required" | "accepted" | "refused";

export interface StepCard {
  readonly by: By;
  readonly when: When;
  readonly cardId: string;
  readonly verb: CardVerb;
  readonly otp?: OtpOutcome;
}

const STEPS: Readonly<
  Record<CardVerb, { readonly from: readonly Card["status"][]; readonly type: CardStep["type"] }>
> = {
  activate: { from: ["inactive"], type: "CardActivated" },
  freeze: { from: ["active"], type: "CardFrozen" },
  unfreeze: { from: ["frozen"], type: "CardUnfrozen" },
  cancel: { from: ["inactive", "active", "frozen"], type: "CardCancelled" },
};

/** Whether a step makes a card good for payments, which asks for the second factor. */
export function makesGood(verb: CardVerb): boolean {
  return verb === "activate" || verb === "unfreeze";
}

/** The caller knows that there was such a card in this account. */
export function stepCard(command: StepCard, state: Account | undefined): Decision<CardStep> {
  const { by, when, cardId, verb, otp } = command;
  const account = visible(state, by);
  if (account === undefined) return refuse("not_found");
  const card = cardOf(account, cardId);
  if (card === undefined) return refuse("card_cancelled");
  const { from, type } = STEPS[verb];
  if (!from.includes(card.status)) return refuse("illegal_transition");
  if (makesGood(verb)) {
    const refusal = refusesToBecomeGood(card, when, otp);
    if (refusal !== undefined) return refuse(refusal);
  }
  return accept({ type, data: { cardId } });
}

function refusesToBecomeGood(card: Card, when: When, otp?: OtpOutcome): Refusal | undefined {
  if (hasExpired(card, when)) return "card_expired";
  if (otp === "refused") return "wrong_otp";
  return otp === "no_mfa" || otp === "accepted" ? undefined : "otp_needed";
}

export interface AuthorizeCard {
  readonly by: By;
  readonly when: When;
  readonly cardId: string;
  readonly holdId: string;
  readonly amount: Money;
  readonly merchant: string;
}

/** A card payment is a hold until its capture. */
export function authorizeCard(
  command: AuthorizeCard,
  state: Account | undefined,
): Decision<readonly HoldEvent[]> {
  const { by, when, cardId, holdId, amount, merchant } = command;
  const account = visible(state, by);
  if (account === undefined) return refuse("not_found");
  const refusal = refusesPayment(cardOf(account, cardId), when);
  if (refusal !== undefined) return refuse(refusal);
  return placeHold({ by, when, holdId, amount, card: { cardId, merchant } }, account);
}

function refusesPayment(card: Card | undefined, when: When): Refusal | undefined {
  if (card === undefined) return "card_cancelled";
  if (card.status === "inactive") return "card_inactive";
  if (card.status === "frozen") return "card_frozen";
  return hasExpired(card, when) ? "card_expired" : undefined;
}

/** A card is good until the last day of its month. */
function hasExpired({ expiry }: Pick<Card, "expiry">, { day }: When): boolean {
  return day.slice(0, expiry.length) > expiry;
}

function cardOf({ cards }: Account, cardId: string): Card | undefined {
  return cards !== undefined && Object.hasOwn(cards, cardId) ? cards[cardId] : undefined;
}

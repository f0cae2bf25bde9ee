import { describe, expect, test } from "vitest";
import {
  type Account,
  authorizeCard,
  CARDS_MAX,
  type Card,
  type CardVerb,
  type Decision,
  evolveAccount,
  type OtpOutcome,
  registerCard,
  stepCard,
} from "../src/index.ts";
import { ANYBODY, account, as, euros, OWNER, STRANGER, shown, TODAY, yen } from "./support.ts";

const CARD = { cardId: "k", last4: "4242", brand: "visa", expiry: "2026-12" };
const good = { by: as(OWNER), when: TODAY };
const withCard = (card: Card, change: Partial<Account> = {}) => {
  return account({ cards: { k: card }, ...change });
};
const active: Card = { status: "active", expiry: CARD.expiry };

function facts<Facts>(decision: Decision<Facts>): Facts {
  if (decision.kind === "refused") throw new Error(decision.code);
  return decision.facts;
}

test("[S50] a registered card's event has four digits and nothing more of the number", () => {
  const more = { ...good, ...CARD, cardNumber: "4242424242424242" };
  const event = facts(registerCard(more, account()));
  expect(event).toEqual({ type: "CardRegistered", data: CARD });
  expect(evolveAccount(account(), event).cards).toEqual({
    k: { status: "inactive", expiry: "2026-12" },
  });
});

const many = Object.fromEntries(Array.from({ length: CARDS_MAX }, (_, i) => [`k${i}`, active]));
const NOT_REGISTERED: [what: string, state: Account | undefined, change: object, code: string][] = [
  ["to nothing", undefined, {}, "not_found"],
  ["to another's account", account({ ownerId: STRANGER }), {}, "not_found"],
  ["to a closed account", account({ status: "closed" }), {}, "account_closed"],
  ["when it has expired", account(), { expiry: "2026-10" }, "card_expired"],
  ["as one too many", account({ cards: many }), {}, "too_many_cards"],
];

test.each(NOT_REGISTERED)("[S52] a card is not registered %s", (_, state, change, code) => {
  expect(registerCard({ ...good, ...CARD, ...change }, state)).toEqual({ kind: "refused", code });
});

test("a card is good in the whole of its last month", () => {
  const decision = registerCard({ ...good, ...CARD, expiry: "2026-11" }, account());
  expect(decision).toMatchObject({ kind: "accepted" });
});

describe("[S53] the steps of a card", () => {
  const LEGAL: Record<Card["status"], Partial<Record<CardVerb, string>>> = {
    inactive: { activate: "CardActivated", cancel: "CardCancelled" },
    active: { freeze: "CardFrozen", cancel: "CardCancelled" },
    frozen: { unfreeze: "CardUnfrozen", cancel: "CardCancelled" },
  };
  const rows = (Object.keys(LEGAL) as Card["status"][]).flatMap((status) => {
    const verbs: CardVerb[] = ["activate", "freeze", "unfreeze", "cancel"];
    return verbs.map((verb) => [verb, status, LEGAL[status][verb]] as const);
  });

  test.each(rows)("%s of one that is %s", (verb, status, type) => {
    const command = { ...good, cardId: "k", verb, otp: "no_mfa" as const };
    const decision = stepCard(command, withCard({ ...active, status }));
    if (type === undefined) expect(decision).toMatchObject({ code: "illegal_transition" });
    else expect(decision).toMatchObject({ facts: { type, data: { cardId: "k" } } });
  });

  test.each(["activate", "freeze", "unfreeze", "cancel"] as const)(
    "%s of a cancelled one",
    (verb) => {
      expect(stepCard({ ...good, cardId: "k", verb }, account())).toMatchObject({
        code: "card_cancelled",
      });
    },
  );

  const OTPS: [OtpOutcome | undefined, string | undefined][] = [
    ["no_mfa", undefined],
    ["accepted", undefined],
    ["refused", "wrong_otp"],
    ["otp_required", "otp_needed"],
    [undefined, "otp_needed"],
  ];

  test.each(OTPS)("activation with a second factor that is %s", (otp, code) => {
    const command = { ...good, cardId: "k", verb: "activate" as const, ...(otp && { otp }) };
    const decision = stepCard(command, withCard({ ...active, status: "inactive" }));
    expect(decision).toMatchObject(code === undefined ? { kind: "accepted" } : { code });
  });

  test("an expired card becomes good no more, and can be cancelled", () => {
    const old = withCard({ status: "frozen", expiry: "2026-10" });
    const thaw = { ...good, cardId: "k", verb: "unfreeze" as const, otp: "accepted" as const };
    expect(stepCard(thaw, old)).toMatchObject({ code: "card_expired" });
    expect(stepCard({ ...good, cardId: "k", verb: "cancel" }, old)).toMatchObject({
      kind: "accepted",
    });
  });
});

const pay = { by: ANYBODY, when: TODAY, cardId: "k", holdId: "h", merchant: "Corner Shop" };

test("a card payment is a hold that says by which card and to whom", () => {
  const decision = authorizeCard({ ...pay, amount: euros(3_000n) }, withCard(active));
  expect(facts(decision)).toMatchObject([
    { type: "HoldPlaced", data: { holdId: "h", cardId: "k", merchant: "Corner Shop" } },
  ]);
});

test("a card payment counts against the limits of cards", () => {
  const limits = { channels: { card: { perTransaction: shown("10.00") } } };
  const decision = authorizeCard({ ...pay, amount: euros(1_001n) }, withCard(active, { limits }));
  expect(decision).toMatchObject({ limit: { name: "perTransaction", channel: "card" } });
});

const frozenAccount = withCard(active, { status: "frozen" });
const DECLINED: [what: string, state: Account | undefined, amount: object, code: string][] = [
  ["of nothing", undefined, {}, "not_found"],
  ["that is cancelled", account(), {}, "card_cancelled"],
  ["that is inactive", withCard({ ...active, status: "inactive" }), {}, "card_inactive"],
  ["that is frozen", withCard({ ...active, status: "frozen" }), {}, "card_frozen"],
  ["that has expired", withCard({ ...active, expiry: "2026-10" }), {}, "card_expired"],
  ["of a frozen account", frozenAccount, {}, "account_frozen"],
  ["in yen", withCard(active), { amount: yen(1n) }, "currency_mismatch"],
  ["beyond what there is", withCard(active), { amount: euros(10_001n) }, "insufficient_funds"],
];

test.each(DECLINED)("[S53] a payment with a card %s is declined", (_, state, change, code) => {
  const decision = authorizeCard({ ...pay, amount: euros(100n), ...change }, state);
  expect(decision).toEqual({ kind: "refused", code });
});

import { type Card, operations } from "@countinghouse/contracts";
import {
  authorizeCard,
  type CardRegistered,
  type CardStep,
  type CardVerb,
  makesGood,
  registerCard,
  stepCard,
} from "@countinghouse/domain";
import { type Call, type Handler, malformed } from "@countinghouse/service-kit";
import { NO_STREAM } from "../aggregates.ts";
import type { CardMask } from "../card-mask.ts";
import { readCardNumber } from "../card-number.ts";
import { accountOf } from "../domain-aggregates.ts";
import { amountOf, byOf, commandOf, FIRST_LEDGER, following } from "../prepare.ts";
import type { RouteDeps } from "./deps.ts";
import { ABSENT, heldOutcome, onAccount } from "./on-account.ts";
import { findOrigin } from "./origins.ts";

const STEPS = {
  activateCard: "activate",
  freezeCard: "freeze",
  unfreezeCard: "unfreeze",
  cancelCard: "cancel",
} as const satisfies Partial<Record<keyof typeof operations, CardVerb>>;

type StepName = keyof typeof STEPS;
type Handlers = { [Name in "registerCard" | "authorizeCard" | StepName]: Handler<Name> };

/** Cards, their steps, and payments with them. */
export function cardRoutes(deps: RouteDeps, mask: CardMask): Handlers {
  return {
    registerCard: (call) => register(call, deps, mask),
    activateCard: (call) => step(call, "activateCard", deps, mask),
    freezeCard: (call) => step(call, "freezeCard", deps, mask),
    unfreezeCard: (call) => step(call, "unfreezeCard", deps, mask),
    cancelCard: (call) => step(call, "cancelCard", deps, mask),
    authorizeCard: (call) => authorize(call, deps),
  };
}

/** The number is looked at here; nothing but its last digits and its brand goes on. */
async function register(
  call: Call<typeof operations.registerCard>,
  deps: RouteDeps,
  mask: CardMask,
) {
  const { accountId } = call.params;
  const { cardNumber, expiry, holderName } = call.body;
  const known = readCardNumber(cardNumber);
  if (known === undefined) throw malformed("/cardNumber", "is no card's number");
  const about = aboutOf(call);
  const body = {
    cardNumber: mask.number(cardNumber, about),
    expiry,
    holderName: mask.text(holderName, about),
  };
  const home = await deps.ledgers.find("account", accountId);
  const cardId = deps.newId(home?.ledger ?? FIRST_LEDGER);
  const command = { by: byOf(call.scope), when: deps.when(), cardId, ...known, expiry };
  return deps.execute({
    ...commandOf(operations.registerCard, { ...call, body }),
    ...(await onAccount(deps.ledgers, accountId, (stream) => {
      const decision = registerCard(command, accountOf(stream));
      if (decision.kind === "refused") return decision;
      const { events, version } = following(stream, [decision.facts]);
      const card = shown(accountId, decision.facts.data, "inactive", version);
      return { kind: "accepted", status: 201, body: card, events: new Map([[0, events]]) };
    })),
  });
}

function aboutOf({ principal, idempotencyKey }: Pick<StepCall, "principal" | "idempotencyKey">) {
  return `${principal.userId} ${idempotencyKey}`;
}

type StepCall = Call<(typeof operations)[StepName]>;

async function step(call: StepCall, name: StepName, deps: RouteDeps, mask: CardMask) {
  const { cardId } = call.params;
  const { otp: code } = call.body;
  const verb = STEPS[name];
  const body = code === undefined ? {} : { otp: mask.text(code, aboutOf(call)) };
  const common = commandOf(operations[name], { ...call, body });
  // A code is good once: a repeat must find its answer, not that its code is used up.
  const kept = makesGood(verb) ? await deps.kept(common) : undefined;
  if (kept !== undefined) return kept;
  const { ledger, reads, accountId, data } = await findOrigin(deps, "CardRegistered", cardId);
  const asked = makesGood(verb) && data !== undefined;
  const otp = asked ? await deps.useOtp(call.principal.userId, code) : undefined;
  const command = { by: byOf(call.scope), when: deps.when(), cardId, verb, ...(otp && { otp }) };
  return deps.execute({
    ...common,
    ledger,
    reads,
    decide([stream = NO_STREAM]) {
      if (data === undefined) return ABSENT;
      const decision = stepCard(command, accountOf(stream));
      if (decision.kind === "refused") return decision;
      const { events, version } = following(stream, [decision.facts]);
      const body = shown(accountId, data, AFTER[decision.facts.type], version);
      return { kind: "accepted", status: 200, body, events: new Map([[0, events]]) };
    },
  });
}

const AFTER: Readonly<Record<CardStep["type"], Card["status"]>> = {
  CardActivated: "active",
  CardFrozen: "frozen",
  CardUnfrozen: "active",
  CardCancelled: "cancelled",
};

async function authorize(call: Call<typeof operations.authorizeCard>, deps: RouteDeps) {
  const { cardId } = call.params;
  const { amount, merchant } = call.body;
  const asked = amountOf(amount);
  const { ledger, reads, accountId } = await findOrigin(deps, "CardRegistered", cardId);
  const holdId = deps.newId(ledger);
  const ids = { cardId, holdId };
  const command = { by: byOf(call.scope), when: deps.when(), ...ids, amount: asked, merchant };
  return deps.execute({
    ...commandOf(operations.authorizeCard, call),
    ledger,
    reads,
    decide([stream = NO_STREAM]) {
      const decision = authorizeCard(command, accountOf(stream));
      return heldOutcome(decision, { stream, accountId, ...command });
    },
  });
}

function shown(
  accountId: string,
  { cardId, last4, brand, expiry }: CardRegistered["data"],
  status: Card["status"],
  version: number,
): Card {
  return { cardId, accountId, last4, brand, expiry, status, version };
}

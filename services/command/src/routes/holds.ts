import { randomUUIDv7 } from "node:crypto";
import { type Hold, operations } from "@countinghouse/contracts";
import {
  type CaptureFacts,
  captureHold,
  type HoldPlaced,
  type HoldReleased,
  minorUnits,
  moneyText,
  placeHold,
  referenceOf,
  releaseHold,
  type When,
} from "@countinghouse/domain";
import type { Call, Handler } from "@countinghouse/service-kit";
import { NO_STREAM, type Stream } from "../aggregates.ts";
import type { Outcome } from "../command.ts";
import { accountOf } from "../domain-aggregates.ts";
import {
  amountOf,
  byOf,
  commandOf,
  eventOf,
  FIRST_LEDGER,
  following,
  shownMoney,
} from "../prepare.ts";
import type { RouteDeps } from "./deps.ts";
import { ABSENT, heldOutcome, onAccount } from "./on-account.ts";
import { findOrigin } from "./origins.ts";

type Handlers = { [Name in "placeHold" | "captureHold" | "releaseHold"]: Handler<Name> };

/** Money set aside, paid, given back. */
export function holdRoutes(deps: RouteDeps): Handlers {
  return {
    placeHold: (call) => place(call, deps),
    captureHold: (call) => capture(call, deps),
    releaseHold: (call) => release(call, deps),
  };
}

async function place(call: Call<typeof operations.placeHold>, deps: RouteDeps) {
  const { accountId } = call.params;
  const { amount, expiresAt, reference } = call.body;
  const home = await deps.ledgers.find("account", accountId);
  const command = {
    ...{ by: byOf(call.scope), when: deps.when(), amount: amountOf(amount) },
    holdId: deps.newId(home?.ledger ?? FIRST_LEDGER),
    ...(expiresAt !== undefined && { expiresAt: new Date(expiresAt).toISOString() }),
    ...(reference !== undefined && { reference }),
  };
  return deps.execute({
    ...commandOf(operations.placeHold, call),
    ...(await onAccount(deps.ledgers, accountId, (stream) => {
      const decision = placeHold(command, accountOf(stream));
      return heldOutcome(decision, { stream, accountId, ...command });
    })),
  });
}

async function capture(call: Call<typeof operations.captureHold>, deps: RouteDeps) {
  const { holdId } = call.params;
  const { amount, final: isFinal = true } = call.body;
  const toAccountId = call.body.toAccountId?.toLowerCase();
  const asked = amount && amountOf(amount);
  const origin = await findOrigin(deps, "HoldPlaced", holdId);
  const receiver = toAccountId && (await deps.ledgers.find("account", toAccountId));
  const { ledger, accountId, data: placed } = origin;
  const transactionId = randomUUIDv7();
  const ids = { transferId: deps.newId(ledger), creditId: randomUUIDv7() };
  const common = {
    ...{ by: byOf(call.scope), when: deps.when(), accountId, transactionId, isFinal },
    ...(asked && { amount: asked }),
    ...(toAccountId !== undefined && { to: { accountId: toAccountId, ...ids } }),
  };
  return deps.execute({
    ...commandOf(operations.captureHold, call),
    ledger,
    reads: placed === undefined ? [] : [...origin.reads, ...(receiver ? [receiver] : [])],
    decide([payer = NO_STREAM, other]) {
      if (placed === undefined) return ABSENT;
      const decision = captureHold({ ...common, placed }, accountOf(payer), accountOf(other));
      if (decision.kind === "refused") return decision;
      return capturedOutcome(decision.facts, payer, { ...common, holdId });
    },
  });
}

interface CaptureAnswer {
  readonly accountId: string;
  readonly transactionId: string;
  readonly holdId: string;
  readonly when: When;
}

function capturedOutcome(
  { captured, received }: CaptureFacts,
  payer: Stream,
  { accountId, transactionId, holdId, when }: CaptureAnswer,
): Outcome {
  const { events, version, account } = following(payer, [captured]);
  const { remaining } = captured.data;
  const ids = { transactionId, holdId, remaining, accountId, version };
  const body = { ...ids, ...shownMoney(account, when) };
  const all = new Map([[0, events]]);
  if (received !== undefined) all.set(1, [eventOf(received)]);
  return { kind: "accepted", status: 201, body, events: all };
}

async function release(call: Call<typeof operations.releaseHold>, deps: RouteDeps) {
  const { holdId } = call.params;
  const { ledger, reads, accountId, data } = await findOrigin(deps, "HoldPlaced", holdId);
  const command = { by: byOf(call.scope), when: deps.when(), holdId };
  return deps.execute({
    ...commandOf(operations.releaseHold, call),
    ledger,
    reads,
    decide([stream = NO_STREAM]) {
      const decision = releaseHold(command, accountOf(stream));
      if (decision.kind === "refused") return decision;
      if (data === undefined) return ABSENT;
      const { events } = following(stream, [decision.facts]);
      const body = released(accountId, data, decision.facts.data);
      return { kind: "accepted", status: 200, body, events: new Map([[0, events]]) };
    },
  });
}

/** The hold as queries show it: what was not given back had been captured. */
function released(
  accountId: string,
  placed: HoldPlaced["data"],
  { holdId, freed }: HoldReleased["data"],
): Hold {
  const { amount, expiresAt, cardId } = placed;
  const { currency } = amount;
  return {
    ...{ holdId, accountId, amount, status: "released" },
    captured: moneyText(minorUnits(amount) - minorUnits(freed), currency),
    remaining: moneyText(0n, currency),
    ...(expiresAt !== undefined && { expiresAt }),
    ...(cardId !== undefined && { cardId }),
    ...referenceOf(placed),
  };
}

import fc from "fast-check";
import { expect, test } from "vitest";
import {
  type Account,
  type AccountEvent,
  accountFromJson,
  accountToJson,
  authorizeCard,
  available,
  captureHold,
  type Decision,
  deposit,
  evolveAccount,
  expireHolds,
  foldAccount,
  type HoldPlaced,
  judgeAdjustment,
  judgeLimits,
  type Limits,
  moneyText,
  placeHold,
  proposeAdjustment,
  proposeLimits,
  registerCard,
  releaseHold,
  stepCard,
  type Tariff,
  transfer,
  type When,
  withdraw,
} from "../src/index.ts";
import { BankingAuditor } from "./banking-auditor.ts";
import { ANYBODY, account, euros, OWNER, STRANGER } from "./support.ts";

const RUNS = 300;
const START_MS = Date.parse("2026-11-28T22:00:00.000Z");
const HOUR_MS = 3_600_000;

const minor = fc.bigInt({ min: 1n, max: 6_000n });
const maybe = (cents: bigint | undefined) => cents && moneyText(cents, "EUR");
const cap = fc.option(fc.bigInt({ min: 1n, max: 9_000n }), { nil: undefined });
const one = <Name extends string>(name: Name) => fc.constant(name);
const which = fc.nat(40);
/** Each step is some hours after the one before it, or at a clock that is a little behind. */
const hours = fc.integer({ min: -1, max: 9 });
const caps = { perTransaction: cap, dailyOutgoing: cap, monthlyOutgoing: cap };
const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: one("deposit"), hours, minor }) },
  { weight: 3, arbitrary: fc.record({ do: one("withdraw"), hours, minor }) },
  { weight: 3, arbitrary: fc.record({ do: one("transfer"), hours, minor }) },
  { weight: 5, arbitrary: fc.record({ do: one("hold"), hours, minor, lasts: fc.nat(20) }) },
  {
    weight: 5,
    arbitrary: fc.record({ do: one("capture"), hours, which, minor, isFinal: fc.boolean() }),
  },
  { weight: 2, arbitrary: fc.record({ do: one("release"), hours, which }) },
  { weight: 1, arbitrary: fc.record({ do: one("expire"), hours }) },
  { weight: 1, arbitrary: fc.record({ do: one("adjust"), hours, minor, isCredit: fc.boolean() }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: one("limit"), hours, ...caps, overdraft: cap, card: cap }),
  },
  { weight: 2, arbitrary: fc.record({ do: one("pay"), hours, minor }) },
  {
    weight: 2,
    arbitrary: fc.record({
      ...{ do: one("card"), hours },
      verb: fc.constantFrom("activate", "freeze", "unfreeze", "cancel"),
    }),
  },
);
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

const TARIFF: Tariff = {
  fees: [
    { on: "deposit", currency: "EUR", basisPoints: 300, min: moneyText(200n, "EUR") },
    { on: "withdrawal", currency: "EUR", fixed: moneyText(25n, "EUR") },
    { on: "transfer", currency: "EUR", basisPoints: 150, min: moneyText(10n, "EUR") },
  ],
};

interface World {
  state: Account;
  nowMs: number;
  readonly events: AccountEvent[];
  readonly placed: HoldPlaced["data"][];
  cardId: string;
  cards: number;
}

function begin(): World {
  const opened: AccountEvent = {
    type: "AccountOpened",
    data: { ownerId: OWNER, accountType: "checking", currency: "EUR" },
  };
  const world: World = {
    ...{ state: account({ balance: 0n }), nowMs: START_MS, cardId: "", cards: 0 },
    ...{ events: [opened], placed: [] },
  };
  return world;
}

function put(world: World, decision: Decision<AccountEvent | readonly AccountEvent[]>): void {
  if (decision.kind === "refused") return;
  for (const event of [decision.facts].flat()) {
    world.state = evolveAccount(world.state, event);
    world.events.push(event);
    if (event.type === "HoldPlaced") world.placed.push(event.data);
  }
}

const whenOf = ({ nowMs }: World): When => {
  const now = new Date(nowMs).toISOString();
  return { now, day: now.slice(0, "2026-11-28".length) };
};

function take(world: World, next: Step, id: string): void {
  world.nowMs += next.hours * HOUR_MS;
  const [by, when, state] = [ANYBODY, whenOf(world), world.state];
  const amount = euros("minor" in next ? next.minor : 1n);
  const money = { by, when, transactionId: id, amount, feeId: "f" };
  const hold = world.placed.at(-1 - ("which" in next ? next.which % 4 : 0));
  switch (next.do) {
    case "deposit":
      put(world, deposit(money, state, TARIFF));
      break;
    case "withdraw":
      put(world, withdraw(money, state, TARIFF));
      break;
    case "transfer":
      pay(world, money);
      break;
    case "hold": {
      const expiresAt = new Date(world.nowMs + next.lasts * HOUR_MS).toISOString();
      const ends = next.lasts < 15 && { expiresAt };
      put(world, placeHold({ ...money, holdId: id, ...ends }, state));
      break;
    }
    case "capture":
      if (hold !== undefined) capture(world, { ...money, isFinal: next.isFinal }, hold);
      break;
    case "release":
      put(world, releaseHold({ by, when, holdId: hold?.holdId ?? "" }, state));
      break;
    case "expire":
      put(world, expireHolds({ when }, state));
      break;
    case "adjust":
      adjust(world, next, id);
      break;
    case "limit":
      limit(world, next, id);
      break;
    case "pay": {
      const { cardId } = world;
      put(world, authorizeCard({ ...money, cardId, holdId: id, merchant: "m" }, state));
      break;
    }
    case "card":
      card(world, next.verb, id);
      break;
  }
}

type Money = Parameters<typeof withdraw>[0];

function pay(world: World, money: Money): void {
  const ids = { transferId: "t", debitId: "d", creditId: "c", fromAccountId: "a" };
  const command = { ...money, ...ids, toAccountId: "b" };
  const decision = transfer(command, world.state, account(), TARIFF);
  if (decision.kind === "refused") return;
  const { expired, sent, fee } = decision.facts;
  put(world, { kind: "accepted", facts: [...expired, sent, ...fee] });
}

function adjust(world: World, next: Step & { do: "adjust" }, proposalId: string): void {
  const when = whenOf(world);
  const direction = next.isCredit ? "credit" : "debit";
  const about = { direction, amount: euros(next.minor), reason: "r" } as const;
  const corrects = { version: world.events.length, transactionId: "t" };
  const asked = { by: ANYBODY, when, proposalId, ...about, corrects, isReversed: false };
  put(world, proposeAdjustment({ ...asked, proposedBy: OWNER }, world.state));
  const word = { when, proposalId, verdict: "approve", decidedBy: STRANGER } as const;
  put(world, judgeAdjustment({ ...word, transactionId: proposalId }, world.state));
}

function capture(
  world: World,
  money: Money & { readonly isFinal: boolean },
  placed: HoldPlaced["data"],
): void {
  const decision = captureHold({ ...money, placed, accountId: "a" }, world.state, undefined);
  if (decision.kind === "accepted") put(world, { ...decision, facts: decision.facts.captured });
}

function limit(world: World, next: Step & { do: "limit" }, proposalId: string): void {
  const { perTransaction, dailyOutgoing, monthlyOutgoing, overdraft, card } = next;
  const channels = card === undefined ? undefined : { card: { dailyOutgoing: maybe(card) } };
  const given = Object.entries({
    perTransaction: maybe(perTransaction),
    dailyOutgoing: maybe(dailyOutgoing),
    monthlyOutgoing: maybe(monthlyOutgoing),
    overdraft: maybe(overdraft),
    channels,
  }).filter(([, value]) => value !== undefined);
  const limits = Object.fromEntries(given) as Limits;
  const when = whenOf(world);
  const asked = { by: ANYBODY, when, proposalId, limits, proposedBy: OWNER };
  put(world, proposeLimits(asked, world.state));
  const verdict = { when, proposalId, verdict: "approve", decidedBy: STRANGER } as const;
  put(world, judgeLimits(verdict, world.state));
}

function card(world: World, verb: "activate" | "freeze" | "unfreeze" | "cancel", id: string): void {
  const [by, when] = [ANYBODY, whenOf(world)];
  if (world.state.cards === undefined) {
    world.cardId = id;
    const data = { cardId: id, last4: "4242", brand: "visa", expiry: "2026-12" };
    put(world, registerCard({ by, when, ...data }, world.state));
  } else {
    put(world, stepCard({ by, when, cardId: world.cardId, verb, otp: "no_mfa" }, world.state));
  }
}

function check(world: World): void {
  const auditor = new BankingAuditor();
  for (const event of world.events) auditor.take(event);
  expect(auditor.balance).toBe(world.state.balance);
  expect(foldAccount(world.events)).toEqual(world.state);
  const text = JSON.stringify(accountToJson(world.state));
  expect(accountFromJson(JSON.parse(text))).toEqual(world.state);
  // Time alone sets free and takes nothing.
  const later = new Date(world.nowMs + 100 * HOUR_MS).toISOString();
  expect(available(world.state, later) >= available(world.state)).toBe(true);
}

test("[S43] [S48] [S53] no commands overdraw, pay more than was held or go beyond a limit", () => {
  const lists = fc.array(step, { maxLength: 80, size: "max" });
  const property = fc.property(lists, (steps) => {
    const world = begin();
    for (const [i, next] of steps.entries()) take(world, next, `id-${i}`);
    check(world);
  });
  fc.assert(property, { numRuns: RUNS, verbose: fc.VerbosityLevel.Verbose });
});

test("the commands that the property makes reach every event", () => {
  const lists = fc.array(step, { minLength: 300, maxLength: 300 });
  const types = new Set<string>();
  for (const steps of fc.sample(lists, { numRuns: 6, seed: 11 })) {
    const world = begin();
    for (const [i, next] of steps.entries()) take(world, next, `id-${i}`);
    check(world);
    for (const { type } of world.events) types.add(type);
  }
  const wanted = [
    ...["HoldPlaced", "HoldCaptured", "HoldReleased", "HoldExpired", "LimitsApproved"],
    ...["FeeCharged", "MoneyAdjusted"],
    ...["CardRegistered", "CardActivated", "CardFrozen", "CardUnfrozen", "CardCancelled"],
  ] as const;
  expect(wanted.filter((type) => !types.has(type))).toEqual([]);
});

import fc from "fast-check";
import { expect, test } from "vitest";
import {
  type Account,
  type AccountEvent,
  accountFromJson,
  accountToJson,
  balanceLimit,
  close,
  type Decision,
  deposit,
  evolveAccount,
  foldAccount,
  freeze,
  minorUnits,
  type ReversedTransfer,
  reverse,
  type TransferSent,
  transfer,
  unfreeze,
  withdraw,
} from "../src/index.ts";
import { ANYBODY, TODAY } from "./support.ts";

const CURRENCIES = ["EUR", "EUR", "EUR", "JPY", "BHD"];
const RUNS = 300;

const place = fc.nat(CURRENCIES.length - 1);
const small = fc.bigInt({ min: 1n, max: 50_000n });
/** Two of these are more than an account in yen can hold. */
const huge = fc.bigInt({ min: 6n * 10n ** 14n, max: 10n ** 17n });
const amount = fc.oneof({ weight: 9, arbitrary: small }, { weight: 1, arbitrary: huge });
const one = <Name extends string>(name: Name) => fc.constant(name);
const step = fc.oneof(
  { weight: 5, arbitrary: fc.record({ do: one("deposit"), on: place, amount }) },
  { weight: 3, arbitrary: fc.record({ do: one("withdraw"), on: place, amount }) },
  { weight: 8, arbitrary: fc.record({ do: one("transfer"), on: place, to: place, amount }) },
  { weight: 3, arbitrary: fc.record({ do: one("reverse"), which: fc.nat(50) }) },
  { weight: 1, arbitrary: fc.record({ do: one("freeze"), on: place }) },
  { weight: 3, arbitrary: fc.record({ do: one("unfreeze"), on: place }) },
  { weight: 1, arbitrary: fc.record({ do: one("close"), on: place }) },
);
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

/** A bank of a few accounts, driven by decisions alone. */
function createBank() {
  const events: AccountEvent[][] = CURRENCIES.map((currency) => [
    { type: "AccountOpened", data: { ownerId: "o", accountType: "checking", currency } },
  ]);
  const states = events.map((list) => foldAccount(list) as Account);
  const sent: TransferSent[] = [];
  const reversed = new Map<string, ReversedTransfer>();
  const put = (at: number, event: AccountEvent) => {
    events[at]?.push(event);
    states[at] = evolveAccount(states[at], event);
  };
  return { events, states, sent, reversed, put };
}
type Bank = ReturnType<typeof createBank>;

function take(bank: Bank, next: Step, id: string): void {
  if (next.do === "transfer") move(bank, next, id);
  else if (next.do === "reverse") giveBack(bank, next.which, id);
  else {
    const decision = decide(next, bank.states[next.on], id);
    if (decision.kind !== "accepted") return;
    for (const fact of [decision.facts].flat()) bank.put(next.on, fact);
  }
}

type OnOne = Exclude<Step, { do: "transfer" } | { do: "reverse" }>;

function decide(
  next: OnOne,
  state: Account | undefined,
  transactionId: string,
): Decision<AccountEvent | readonly AccountEvent[]> {
  const by = ANYBODY;
  const currency = CURRENCIES[next.on] ?? "";
  const common = { by, when: TODAY, transactionId, feeId: "f" };
  switch (next.do) {
    case "deposit":
      return deposit({ ...common, amount: { minor: next.amount, currency } }, state);
    case "withdraw":
      return withdraw({ ...common, amount: { minor: next.amount, currency } }, state);
    case "close":
      return close({ by, when: TODAY }, state);
    case "freeze":
      return freeze({ by, reason: "r" }, state);
    case "unfreeze":
      return unfreeze({ by, reason: "r" }, state);
  }
}

function move(bank: Bank, next: Step & { do: "transfer" }, id: string): void {
  const { on, to, amount: minor } = next;
  const parties = { fromAccountId: String(on), toAccountId: String(to) };
  const ids = { transferId: id, debitId: id, creditId: id, feeId: "f" };
  const money = { minor, currency: CURRENCIES[on] ?? "" };
  const command = { by: ANYBODY, when: TODAY, ...ids, ...parties, amount: money };
  const decision = transfer(command, bank.states[on], bank.states[to]);
  if (decision.kind === "refused") return;
  bank.put(on, decision.facts.sent);
  bank.put(to, decision.facts.received);
  bank.sent.push(decision.facts.sent);
}

function giveBack(bank: Bank, which: number, id: string): void {
  const original = bank.sent[which % Math.max(1, bank.sent.length)];
  if (original === undefined) return;
  const { transferId, fromAccountId, toAccountId } = original.data;
  const [sender, receiver] = [Number(fromAccountId), Number(toAccountId)];
  const command = { when: TODAY, reversalId: id, debitId: id, creditId: id, reason: "r" };
  const mark = bank.reversed.get(transferId);
  const decision = reverse(command, original, mark, bank.states[receiver], bank.states[sender]);
  if (decision.kind === "refused") return;
  expect(mark).toBeUndefined();
  bank.reversed.set(transferId, { reversalId: id });
  bank.put(receiver, decision.facts.sent);
  bank.put(sender, decision.facts.received);
}

function check({ events, states }: Bank): void {
  const sums = new Map<string, bigint>();
  for (const [at, list] of events.entries()) {
    const state = states[at] as Account;
    expect(foldAccount(list)).toEqual(state);
    expect(accountFromJson(JSON.parse(JSON.stringify(accountToJson(state))))).toEqual(state);
    let balance = 0n;
    for (const { type, data } of list) {
      if (!("balanceAfter" in data)) continue;
      const signed = minorUnits(data.amount) * (data.direction === "credit" ? 1n : -1n);
      balance += signed;
      expect(minorUnits(data.balanceAfter)).toBe(balance);
      expect(balance >= 0n && balance < balanceLimit(state.currency)).toBe(true);
      const isFromOutside = type === "MoneyDeposited" || type === "MoneyWithdrawn";
      const before = sums.get(state.currency) ?? 0n;
      sums.set(state.currency, before - (isFromOutside ? signed : 0n));
    }
    expect(state.balance).toBe(balance);
    if (state.status === "closed") expect(balance).toBe(0n);
    sums.set(state.currency, (sums.get(state.currency) ?? 0n) + balance);
  }
  for (const [currency, left] of sums) expect([currency, left]).toEqual([currency, 0n]);
}

test("[S43] [S65] no commands make a balance negative or make money", () => {
  // Without a size the lists have some ten steps, too few for a second reversal.
  const lists = fc.array(step, { maxLength: 60, size: "max" });
  const property = fc.property(lists, (steps) => {
    const bank = createBank();
    for (const [i, next] of steps.entries()) take(bank, next, `id-${i}`);
    check(bank);
  });
  fc.assert(property, { numRuns: RUNS, verbose: fc.VerbosityLevel.Verbose });
});

test("the commands that the property makes do move money", () => {
  const bank = createBank();
  const [sample] = fc.sample(fc.array(step, { minLength: 400, maxLength: 400 }), {
    numRuns: 1,
    seed: 7,
  });
  for (const [i, next] of (sample ?? []).entries()) take(bank, next, `id-${i}`);
  check(bank);
  expect(bank.sent.length).toBeGreaterThan(5);
  expect(bank.events.flat().length).toBeGreaterThan(50);
});

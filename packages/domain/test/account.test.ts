import { describe, expect, test } from "vitest";
import {
  type Account,
  type AccountEvent,
  accountFromJson,
  accountToJson,
  type By,
  close,
  deposit,
  evolveAccount,
  foldAccount,
  freeze,
  type Money,
  openAccount,
  unfreeze,
  withdraw,
} from "../src/index.ts";
import { ANYBODY, account, as, euros, OWNER, STRANGER, shown, TODAY, yen } from "./support.ts";

const ID = "0197c0de-0000-7000-8000-000000000001";
const post = (amount: Money, by: By = as(OWNER)) => {
  return { by, transactionId: ID, amount, when: TODAY, feeId: "fee" };
};
const explain = (by: By = ANYBODY) => ({ by, reason: "a check" });
const TOP = 10n ** 17n - 1n;

test("an opened account says whose it is and what", () => {
  const command = { ownerId: OWNER, accountType: "savings", currency: "EUR", name: "x" } as const;
  expect(openAccount(command)).toEqual({
    kind: "accepted",
    facts: { type: "AccountOpened", data: command },
  });
});

test("an opened account's event has no more than it should, whatever the command carries", () => {
  const more = { ownerId: OWNER, accountType: "checking", currency: "EUR", secret: "x" } as const;
  const { secret: _, ...data } = more;
  expect(openAccount(more)).toEqual({ kind: "accepted", facts: { type: "AccountOpened", data } });
});

test("a deposit says its amount, its side and the balance after it", () => {
  const command = { ...post(euros(550n)), reference: "Salary" };
  expect(deposit(command, account())).toEqual({
    kind: "accepted",
    facts: [
      {
        type: "MoneyDeposited",
        data: {
          transactionId: ID,
          amount: shown("5.50"),
          direction: "credit",
          balanceAfter: shown("105.50"),
          reference: "Salary",
        },
      },
    ],
  });
});

test("a withdrawal of all there is leaves nothing", () => {
  const decision = withdraw(post(euros(10_000n)), account());
  expect(decision).toMatchObject({
    facts: [{ type: "MoneyWithdrawn", data: { direction: "debit", balanceAfter: shown("0.00") } }],
  });
});

type Decide = (account: Account | undefined) => unknown;
const NOBODYS = undefined;
const closed = account({ status: "closed", balance: 0n });
const frozen = account({ status: "frozen" });
const full = account({ balance: TOP });
const pay =
  (amount: Money, by?: By): Decide =>
  (state) =>
    deposit(post(amount, by), state);
const take =
  (amount: Money, by?: By): Decide =>
  (state) =>
    withdraw(post(amount, by), state);
const chill =
  (by?: By): Decide =>
  (state) =>
    freeze(explain(by), state);
const thaw =
  (by?: By): Decide =>
  (state) =>
    unfreeze(explain(by), state);
const end =
  (by: By = as(OWNER)): Decide =>
  (state) =>
    close({ by, when: TODAY }, state);

const REFUSALS: [what: string, decide: Decide, state: Account | undefined, code: string][] = [
  ["a deposit on nothing", pay(euros(1n)), NOBODYS, "not_found"],
  ["a deposit on another's", pay(euros(1n), as(STRANGER)), account(), "not_found"],
  ["a deposit on a closed account", pay(euros(1n)), closed, "account_closed"],
  ["a deposit in yen", pay(yen(1n)), account(), "currency_mismatch"],
  ["a deposit beyond the top", pay(euros(1n)), full, "limit_exceeded"],
  ["a withdrawal from nothing", take(euros(1n)), NOBODYS, "not_found"],
  ["a withdrawal from another's", take(euros(1n), as(STRANGER)), account(), "not_found"],
  ["a withdrawal from a closed account", take(euros(1n)), closed, "account_closed"],
  ["a withdrawal from a frozen account", take(euros(1n)), frozen, "account_frozen"],
  ["a withdrawal in yen", take(yen(1n)), account(), "currency_mismatch"],
  ["a withdrawal of more", take(euros(10_001n)), account(), "insufficient_funds"],
  ["a freeze of nothing", chill(), NOBODYS, "not_found"],
  ["a freeze of a closed account", chill(), closed, "account_closed"],
  ["a second freeze", chill(), frozen, "account_frozen"],
  ["a thaw of nothing", thaw(), NOBODYS, "not_found"],
  ["a thaw of a closed account", thaw(), closed, "account_closed"],
  ["a thaw of an open account", thaw(), account(), "account_not_frozen"],
  ["a close of nothing", end(), NOBODYS, "not_found"],
  ["a close of another's", end(as(STRANGER)), account({ balance: 0n }), "not_found"],
  ["a second close", end(), closed, "account_closed"],
  ["a close of a frozen account", end(), account({ ...frozen, balance: 0n }), "account_frozen"],
  ["a close with money in it", end(), account({ balance: 1n }), "account_not_empty"],
];

test.each(REFUSALS)("[S44] %s is refused", (_, decide, state, code) => {
  expect(decide(state)).toEqual({ kind: "refused", code });
});

const PRECEDENCE: [what: string, decide: Decide, state: Account, code: string][] = [
  ["another's before closed", pay(euros(1n), as(STRANGER)), closed, "not_found"],
  ["closed before currency", pay(yen(1n)), closed, "account_closed"],
  ["currency before the top", pay(yen(1n)), full, "currency_mismatch"],
  ["closed before funds", take(euros(9n)), closed, "account_closed"],
  ["frozen before currency", take(yen(1n)), frozen, "account_frozen"],
  ["currency before funds", take(yen(10_001n)), account(), "currency_mismatch"],
  ["another's before not empty", end(as(STRANGER)), account(), "not_found"],
  ["frozen before not empty", end(), frozen, "account_frozen"],
];

test.each(PRECEDENCE)("of two faults the first is said: %s", (_, decide, state, code) => {
  expect(decide(state)).toEqual({ kind: "refused", code });
});

const ALLOWED: [what: string, decide: Decide, state: Account][] = [
  ["a deposit on a frozen account", pay(euros(1n)), frozen],
  ["a teller's deposit on anybody's account", pay(euros(1n), ANYBODY), account()],
  ["a deposit up to the top", pay(euros(1n)), account({ balance: TOP - 1n })],
  ["a freeze of an open account", chill(), account()],
  ["a thaw of a frozen account", thaw(), frozen],
  ["a close of an empty account", end(), account({ balance: 0n })],
];

test.each(ALLOWED)("%s is accepted", (_, decide, state) => {
  expect(decide(state)).toMatchObject({ kind: "accepted" });
});

describe("the state", () => {
  const opened: AccountEvent = {
    type: "AccountOpened",
    data: { ownerId: OWNER, accountType: "checking", currency: "EUR" },
  };
  const paid: AccountEvent = {
    type: "MoneyDeposited",
    data: {
      transactionId: ID,
      amount: shown("7.00"),
      direction: "credit",
      balanceAfter: shown("7.00"),
    },
  };
  const explained = { reason: "a check" };

  test("is the fold of the events", () => {
    const events: AccountEvent[] = [opened, paid, { type: "AccountFrozen", data: explained }];
    expect(foldAccount(events)).toEqual(account({ balance: 700n, status: "frozen" }));
    const thawed = foldAccount([...events, { type: "AccountUnfrozen", data: explained }]);
    expect(thawed?.status).toBe("open");
    expect(foldAccount([])).toBeUndefined();
  });

  test("judges nothing: an event on a closed account is recorded all the same", () => {
    expect(evolveAccount(closed, paid)).toEqual({ ...closed, balance: 700n });
  });

  test("comes back whole from JSON", () => {
    for (const state of [account(), frozen, closed, full]) {
      expect(accountFromJson(JSON.parse(JSON.stringify(accountToJson(state))))).toEqual(state);
    }
  });
});

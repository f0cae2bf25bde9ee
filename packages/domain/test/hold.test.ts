import { expect, test } from "vitest";
import {
  type Account,
  type AccountEvent,
  accountFromJson,
  accountToJson,
  available,
  type CaptureHold,
  captureHold,
  close,
  type Decision,
  evolveAccount,
  expireHolds,
  HOLDS_MAX,
  type HoldPlaced,
  placeHold,
  releaseHold,
  withdraw,
} from "../src/index.ts";
import { ANYBODY, account, as, euros, OWNER, STRANGER, shown, TODAY, yen } from "./support.ts";

const LATER = { now: "2026-11-24T13:00:00.000Z", day: "2026-11-24" };
const END = "2026-11-24T12:30:00.000Z";
const by = as(OWNER);
const order = { by, when: TODAY, holdId: "h", amount: euros(4_000n) };

function facts<Facts>(decision: Decision<Facts>): Facts {
  if (decision.kind === "refused") throw new Error(decision.code);
  return decision.facts;
}

function after(state: Account, ...events: readonly AccountEvent[]): Account {
  return events.reduce(evolveAccount, state);
}

/** An account of 100.00 with a hold of 40.00. */
function held(change: object = {}, state = account()) {
  const placed = facts(placeHold({ ...order, ...change }, state)).at(-1) as HoldPlaced;
  return { placed: placed.data, state: after(state, placed) };
}

function capture(
  { placed, state }: ReturnType<typeof held>,
  change: Partial<CaptureHold> = {},
  receiver?: Account,
) {
  const common = { by, when: TODAY, placed, accountId: "a", transactionId: "t", isFinal: true };
  return captureHold({ ...common, ...change }, state, receiver);
}

test("a hold sets money aside and leaves the balance", () => {
  const { placed, state } = held({ reference: "Hotel", expiresAt: END });
  expect(placed).toEqual({
    ...{ holdId: "h", amount: shown("40.00"), heldAfter: shown("40.00"), day: TODAY.day },
    ...{ expiresAt: END, reference: "Hotel" },
  });
  expect([state.balance, available(state)]).toEqual([10_000n, 6_000n]);
});

test("what is held is not spent: a cent more than what is left is refused", () => {
  const { state } = held();
  const take = (minor: bigint) => {
    return withdraw(
      { by, when: TODAY, transactionId: "t", amount: euros(minor), feeId: "f" },
      state,
    );
  };
  expect(take(6_001n)).toEqual({ kind: "refused", code: "insufficient_funds" });
  expect(take(6_000n)).toMatchObject({ kind: "accepted" });
});

test("a part that is final sets the rest free", () => {
  const world = held();
  const { captured } = facts(capture(world, { amount: euros(1_550n) }));
  expect(captured.data).toMatchObject({
    ...{ amount: shown("15.50"), balanceAfter: shown("84.50"), captured: shown("15.50") },
    ...{ remaining: shown("0.00"), freed: shown("24.50"), heldAfter: shown("0.00") },
  });
  const state = after(world.state, captured);
  expect([state.balance, available(state), state.holds]).toEqual([8_450n, 8_450n, undefined]);
});

test("a hold is paid in parts, and is over with the last of it though no part was final", () => {
  const world = held();
  const first = facts(capture(world, { amount: euros(1_000n), isFinal: false })).captured;
  const left = { ...world, state: after(world.state, first) };
  expect(available(left.state)).toBe(6_000n);
  const tooMuch = capture(left, { amount: euros(3_001n) });
  expect(tooMuch).toEqual({ kind: "refused", code: "amount_exceeds_hold" });
  const second = facts(capture(left, { isFinal: false })).captured;
  expect(second.data).toMatchObject({ captured: shown("40.00"), remaining: shown("0.00") });
  const done = { ...world, state: after(left.state, second) };
  expect(capture(done)).toEqual({ kind: "refused", code: "hold_not_active" });
  expect(done.state.balance).toBe(6_000n);
});

test("a capture to an account is two events that share their transfer", () => {
  const to = { accountId: "b", transferId: "x", creditId: "c" };
  const { captured, received } = facts(capture(held(), { to }, account({ ownerId: STRANGER })));
  expect(captured.data).toMatchObject({ transferId: "x", counterpartyAccountId: "b" });
  expect(received?.data).toMatchObject({
    ...{ transferId: "x", counterpartyAccountId: "a", transactionId: "c" },
    ...{ direction: "credit", balanceAfter: shown("140.00") },
  });
});

test("a hold is over at its time, though nobody has said so", () => {
  const world = held({ expiresAt: END });
  const at = { now: END, day: TODAY.day };
  expect(available(world.state, "2026-11-24T12:29:59.999Z")).toBe(6_000n);
  expect(available(world.state, END)).toBe(10_000n);
  expect(capture(world, { when: at })).toEqual({ kind: "refused", code: "hold_not_active" });
  const back = releaseHold({ by, when: at, holdId: "h" }, world.state);
  expect(back).toEqual({ kind: "refused", code: "hold_not_active" });
});

test("who spends what an expired hold had set aside says first when it was over", () => {
  const { state } = held({ expiresAt: END });
  const command = { by, when: LATER, transactionId: "t", amount: euros(10_000n), feeId: "f" };
  const events = facts(withdraw(command, state));
  expect(events).toMatchObject([
    { type: "HoldExpired", data: { holdId: "h", expiredAt: END, freed: shown("40.00") } },
    { type: "MoneyWithdrawn", data: { balanceAfter: shown("0.00") } },
  ]);
  expect(after(state, ...events)).not.toHaveProperty("holds");
});

test("saying that holds are over says it of those that are, once", () => {
  const { state } = held({ holdId: "stays" }, held({ expiresAt: END }).state);
  const events = facts(expireHolds({ when: LATER }, state));
  expect(events).toMatchObject([{ type: "HoldExpired", data: { heldAfter: shown("40.00") } }]);
  expect(facts(expireHolds({ when: LATER }, after(state, ...events)))).toEqual([]);
  expect(facts(expireHolds({ when: TODAY }, state))).toEqual([]);
  expect(facts(expireHolds({ when: TODAY }, undefined))).toEqual([]);
});

test("an account with a hold does not close, one whose holds are over does", () => {
  const poor = account({ balance: 4_000n });
  const { placed, state } = held({ expiresAt: END }, poor);
  const emptied = after(state, facts(capture({ placed, state }, { isFinal: false })).captured);
  expect(facts(close({ by, when: TODAY }, emptied))).toMatchObject([{ type: "AccountClosed" }]);
  const overdrawn = held({ expiresAt: END }, account({ balance: 0n, limits: OVERDRAFT })).state;
  expect(close({ by, when: TODAY }, overdrawn)).toMatchObject({ code: "account_not_empty" });
  const closing = facts(close({ by, when: LATER }, overdrawn));
  expect(closing.map(({ type }) => type)).toEqual(["HoldExpired", "AccountClosed"]);
});

const OVERDRAFT = { overdraft: shown("90.00") };

test("an account has so many holds and no more; those that are over make room", () => {
  const holds = Object.fromEntries(
    Array.from({ length: HOLDS_MAX }, (_, i) => {
      return [`h${i}`, { remaining: 1n, captured: 0n, placedOn: TODAY.day, expiresAt: END }];
    }),
  );
  const full = account({ holds });
  expect(placeHold(order, full)).toEqual({ kind: "refused", code: "too_many_holds" });
  const events = facts(placeHold({ ...order, when: LATER }, full));
  expect(events).toHaveLength(HOLDS_MAX + 1);
  expect(Object.keys(after(full, ...events).holds ?? {})).toEqual(["h"]);
});

test("a frozen account takes no new hold, and pays and gives back older ones", () => {
  const world = held();
  const frozen = { ...world, state: { ...world.state, status: "frozen" as const } };
  expect(placeHold({ ...order, holdId: "i" }, frozen.state)).toMatchObject({
    code: "account_frozen",
  });
  expect(capture(frozen)).toMatchObject({ kind: "accepted" });
  const back = releaseHold({ by, when: TODAY, holdId: "h" }, frozen.state);
  expect(back).toMatchObject({ kind: "accepted" });
});

type Row = [what: string, decision: () => unknown, code: string];
const other = { accountId: "b", transferId: "x", creditId: "c" };
const top = account({ balance: 10n ** 17n - 1n });
const gone = account({ status: "closed" });

const REFUSED: Row[] = [
  ["a hold on nothing", () => placeHold(order, undefined), "not_found"],
  ["on another's", () => placeHold(order, account({ ownerId: STRANGER })), "not_found"],
  ["on a closed account", () => placeHold(order, gone), "account_closed"],
  ["in yen", () => placeHold({ ...order, amount: yen(1n) }, account()), "currency_mismatch"],
  ["over now", () => placeHold({ ...order, expiresAt: TODAY.now }, account()), "date_in_past"],
  [
    "of more",
    () => placeHold({ ...order, amount: euros(10_001n) }, account()),
    "insufficient_funds",
  ],
  ["a capture of nobody's", () => capture({ ...held(), state: gone }), "hold_not_active"],
  ["of another's", () => capture(held(), { by: as(STRANGER) }), "not_found"],
  ["of yen", () => capture(held(), { amount: yen(1n) }), "currency_mismatch"],
  ["to nothing", () => capture(held(), { to: other }), "not_found"],
  ["to itself", () => capture(held(), { to: { ...other, accountId: "a" } }, top), "same_account"],
  ["to a closed account", () => capture(held(), { to: other }, gone), "account_closed"],
  ["beyond the top", () => capture(held(), { to: other }, top), "limit_exceeded"],
];

test.each(REFUSED)("[S44] %s is refused", (_, decision, code) => {
  expect(decision()).toEqual({ kind: "refused", code });
});

test("a teller may hold, capture and release for anybody", () => {
  const world = held({ by: ANYBODY });
  expect(capture(world, { by: ANYBODY })).toMatchObject({ kind: "accepted" });
  const back = releaseHold({ by: ANYBODY, when: TODAY, holdId: "h" }, world.state);
  expect(back).toMatchObject({ kind: "accepted", facts: { data: { freed: shown("40.00") } } });
});

test("holds come back whole from JSON, and an account without any has none in it", () => {
  const { state } = held({ expiresAt: END });
  expect(accountFromJson(JSON.parse(JSON.stringify(accountToJson(state))))).toEqual(state);
  expect(accountToJson(account())).not.toHaveProperty("holds");
});

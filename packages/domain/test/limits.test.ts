import { expect, test } from "vitest";
import {
  type Account,
  type AccountEvent,
  accountFromJson,
  accountToJson,
  available,
  captureHold,
  type Decision,
  evolveAccount,
  type HoldPlaced,
  judgeLimits,
  type Limits,
  PROPOSALS_MAX,
  placeHold,
  proposeLimits,
  releaseHold,
  transfer,
  type When,
  withdraw,
} from "../src/index.ts";
import { ANYBODY, account, as, euros, OWNER, STRANGER, shown, TODAY, yen } from "./support.ts";

const on = (day: string): When => ({ now: `${day}T12:00:00.000Z`, day });
const rich = account({ balance: 1_000_000n });
const limited = (limits: Limits, state = rich): Account => ({ ...state, limits });

function facts<Facts>(decision: Decision<Facts>): Facts {
  if (decision.kind === "refused") throw new Error(decision.code);
  return decision.facts;
}

function take(state: Account, minor: bigint, when = TODAY) {
  const ids = { transactionId: "t", feeId: "f" };
  return withdraw({ by: ANYBODY, when, ...ids, amount: euros(minor) }, state);
}

function send(state: Account, minor: bigint, when = TODAY) {
  const ids = { transferId: "x", debitId: "d", creditId: "c", feeId: "f" };
  const parties = { fromAccountId: "a", toAccountId: "b", amount: euros(minor) };
  return transfer({ by: ANYBODY, when, ...ids, ...parties }, state, account());
}

function after(state: Account, ...events: readonly AccountEvent[]): Account {
  return events.reduce(evolveAccount, state);
}

const taken = (state: Account, minor: bigint, when?: When) => {
  return after(state, ...facts(take(state, minor, when)));
};
const sent = (state: Account, minor: bigint, when?: When) => {
  return after(state, facts(send(state, minor, when)).sent);
};

test("a limit per transaction lets through so much at once, again and again", () => {
  const state = limited({ perTransaction: shown("100.00") });
  expect(take(state, 10_001n)).toEqual({
    ...{ kind: "refused", code: "limit_exceeded" },
    limit: { name: "perTransaction", amount: shown("100.00"), left: shown("100.00") },
  });
  expect(take(taken(state, 10_000n), 10_000n)).toMatchObject({ kind: "accepted" });
});

test("a daily limit is a sum over all ways, kept to the cent, and begins anew the next day", () => {
  const state = sent(taken(limited({ dailyOutgoing: shown("100.00") }), 6_000n), 3_999n);
  expect(take(state, 2n)).toMatchObject({
    limit: { name: "dailyOutgoing", amount: shown("100.00"), left: shown("0.01") },
  });
  expect(send(state, 2n)).toMatchObject({ code: "limit_exceeded" });
  expect(take(state, 1n)).toMatchObject({ kind: "accepted" });
  expect(take(state, 10_000n, on("2026-11-25"))).toMatchObject({ kind: "accepted" });
});

test("a monthly limit is a sum over the days of a month", () => {
  const limits = { monthlyOutgoing: shown("100.00") };
  const state = taken(taken(limited(limits), 6_000n, on("2026-11-01")), 4_000n, on("2026-11-30"));
  expect(take(state, 1n, on("2026-11-30"))).toMatchObject({
    limit: { name: "monthlyOutgoing", left: shown("0.00") },
  });
  expect(take(state, 10_000n, on("2026-12-01"))).toMatchObject({ kind: "accepted" });
});

test("a clock that is behind opens no day again that is over", () => {
  const state = taken(limited({ dailyOutgoing: shown("100.00") }), 10_000n, on("2026-11-25"));
  expect(take(state, 1n, on("2026-11-24"))).toMatchObject({ code: "limit_exceeded" });
  const free = taken(rich, 10_000n, on("2026-11-25"));
  const late = facts(take(free, 1n, on("2026-11-24")));
  expect(late).toMatchObject([{ data: { day: "2026-11-25" } }]);
});

test("what went out before a limit was set counts, too", () => {
  const state = limited({ dailyOutgoing: shown("40.00") }, taken(rich, 3_000n));
  expect(take(state, 1_001n)).toMatchObject({ code: "limit_exceeded" });
  expect(take(state, 1_000n)).toMatchObject({ kind: "accepted" });
});

test("a way of its own has limits of its own, beside those on all ways", () => {
  const channels = { transfer: { dailyOutgoing: shown("10.00") } };
  const state = limited({ dailyOutgoing: shown("15.00"), channels });
  expect(send(state, 1_001n)).toMatchObject({
    limit: { name: "dailyOutgoing", channel: "transfer", left: shown("10.00") },
  });
  const spent = taken(sent(state, 1_000n), 500n);
  expect(take(spent, 1n)).toMatchObject({ limit: { name: "dailyOutgoing", left: shown("0.00") } });
  expect(take(spent, 1n)).not.toHaveProperty("limit.channel");
});

test("money that is not there is said before a limit", () => {
  const state = limited({ perTransaction: shown("1.00") }, account());
  expect(take(state, 10_001n)).toEqual({ kind: "refused", code: "insufficient_funds" });
});

const hold = (state: Account, minor: bigint, change: object = {}) => {
  const command = { by: ANYBODY, when: TODAY, holdId: "h", amount: euros(minor) };
  return placeHold({ ...command, ...change }, state);
};

test("a hold counts when it is placed and not again when it is captured", () => {
  const state = limited({ dailyOutgoing: shown("50.00") });
  expect(hold(state, 5_001n)).toMatchObject({ code: "limit_exceeded" });
  const placed = facts(hold(state, 5_000n)).at(-1) as HoldPlaced;
  const held = after(state, placed);
  expect(take(held, 1n)).toMatchObject({ code: "limit_exceeded" });
  const common = { by: ANYBODY, when: TODAY, placed: placed.data, accountId: "a", isFinal: true };
  const part = captureHold(
    { ...common, transactionId: "t", amount: euros(2_000n) },
    held,
    undefined,
  );
  const paid = after(held, facts(part).captured);
  expect(take(paid, 3_001n)).toMatchObject({ limit: { left: shown("30.00") } });
  expect(take(paid, 3_000n)).toMatchObject({ kind: "accepted" });
});

test("what is given back counts back where the hold counted: in its day and in its month", () => {
  const limits = { dailyOutgoing: shown("50.00"), monthlyOutgoing: shown("60.00") };
  const held = after(limited(limits), ...facts(hold(limited(limits), 5_000n)));
  const later = taken(held, 1_000n, on("2026-11-25"));
  const free = { by: ANYBODY, when: on("2026-11-25"), holdId: "h" };
  const back = after(later, facts(releaseHold(free, later)));
  expect(take(back, 4_001n, on("2026-11-25"))).toMatchObject({ limit: { name: "dailyOutgoing" } });
  expect(take(back, 4_000n, on("2026-11-25"))).toMatchObject({ kind: "accepted" });
  const nextMonth = taken(held, 1_000n, on("2026-12-01"));
  const late = after(nextMonth, facts(releaseHold({ ...free, when: on("2026-12-01") }, nextMonth)));
  expect(take(late, 4_001n, on("2026-12-01"))).toMatchObject({ code: "limit_exceeded" });
});

test("an overdraft lets the balance go below zero, so far and no cent further", () => {
  const state = limited({ overdraft: shown("50.00") }, account({ balance: 1_000n }));
  expect(available(state)).toBe(6_000n);
  expect(take(state, 6_001n)).toMatchObject({ code: "insufficient_funds" });
  expect(facts(take(state, 6_000n))).toMatchObject([{ data: { balanceAfter: shown("-50.00") } }]);
});

const propose = { by: ANYBODY, when: TODAY, proposalId: "p", proposedBy: OWNER };
const limits = { perTransaction: shown("1.00") };
const open = after(account(), facts(proposeLimits({ ...propose, limits }, account())));
const judge = { when: TODAY, proposalId: "p", decidedBy: STRANGER, verdict: "approve" } as const;

test("a proposal changes nothing until another person approves it", () => {
  expect(open.limits).toBeUndefined();
  expect(judgeLimits({ ...judge, decidedBy: OWNER }, open)).toMatchObject({
    code: "self_approval",
  });
  const approved = facts(judgeLimits(judge, open));
  expect(approved).toMatchObject({
    type: "LimitsApproved",
    data: { limits, proposedBy: OWNER, decidedBy: STRANGER, decidedAt: TODAY.now },
  });
  const state = after(open, approved);
  expect([state.limits, state.proposals]).toEqual([limits, undefined]);
  expect(judgeLimits(judge, state)).toEqual({ kind: "refused", code: "proposal_closed" });
});

test("a rejected proposal changes nothing, and is closed", () => {
  const state = after(open, facts(judgeLimits({ ...judge, verdict: "reject" }, open)));
  expect([state.limits, state.proposals]).toEqual([undefined, undefined]);
  expect(judgeLimits(judge, state)).toMatchObject({ code: "proposal_closed" });
});

test("approved limits are the whole set: an empty one leaves none", () => {
  const asked = facts(proposeLimits({ ...propose, limits: {} }, limited(limits)));
  const state = after(limited(limits), asked);
  expect(after(state, facts(judgeLimits(judge, state)))).not.toHaveProperty("limits");
});

test("an account has so many open proposals and no more", () => {
  const proposal = { limits, proposedBy: OWNER, proposedAt: TODAY.now };
  const entries = Array.from({ length: PROPOSALS_MAX }, (_, i) => [`p${i}`, proposal]);
  const full = account({ proposals: Object.fromEntries(entries) });
  expect(proposeLimits({ ...propose, limits }, full)).toMatchObject({ code: "too_many_proposals" });
});

test("limits are proposed for an account that is there, open, and of their currency", () => {
  const one = { ...propose, limits };
  expect(proposeLimits(one, undefined)).toMatchObject({ code: "not_found" });
  expect(proposeLimits({ ...one, by: as(STRANGER) }, account())).toMatchObject({
    code: "not_found",
  });
  expect(proposeLimits(one, account({ status: "closed" }))).toMatchObject({
    code: "account_closed",
  });
  expect(proposeLimits(one, account({ currency: yen(1n).currency }))).toMatchObject({
    code: "currency_mismatch",
  });
  const own = { channels: { card: { dailyOutgoing: shown("5", "JPY") } } };
  expect(proposeLimits({ ...propose, limits: own }, account())).toMatchObject({
    code: "currency_mismatch",
  });
  expect(judgeLimits(judge, undefined)).toMatchObject({ code: "not_found" });
});

test("limits, proposals and sums come back whole from JSON", () => {
  const state = sent(taken(limited({ ...limits, channels: {} }, open), 100n), 50n);
  expect(accountFromJson(JSON.parse(JSON.stringify(accountToJson(state))))).toEqual(state);
});

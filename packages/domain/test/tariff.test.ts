import { describe, expect, test } from "vitest";
import {
  deposit,
  type FeeRule,
  feeOn,
  judgeTariff,
  PROPOSALS_MAX,
  proposeTariff,
  type Tariff,
  type TariffEvent,
  transfer,
  withdraw,
} from "../src/index.ts";
import { evolveTariff } from "../src/tariff/state.ts";
import { ANYBODY, account, euros, OWNER, STRANGER, shown, TODAY, yen } from "./support.ts";

const rule = (more: Partial<FeeRule>): FeeRule => ({ on: "transfer", currency: "EUR", ...more });
const tariff = (...fees: FeeRule[]): Tariff => ({ fees });

const FEES: [title: string, more: Partial<FeeRule>, amount: bigint, fee: bigint][] = [
  ["a fixed fee is what it is", { fixed: shown("0.35") }, 1n, 35n],
  ["basis points are hundredths of a percent", { basisPoints: 25 }, 10_000n, 25n],
  ["both come together", { basisPoints: 25, fixed: shown("0.35") }, 10_000n, 60n],
  ["a half goes to the even below", { basisPoints: 50 }, 100n, 0n],
  ["a half goes to the even above", { basisPoints: 50 }, 300n, 2n],
  ["a bit more than a half goes up", { basisPoints: 51 }, 100n, 1n],
  ["it is not less than the least", { basisPoints: 1, min: shown("0.10") }, 100n, 10n],
  ["nor more than the most", { basisPoints: 10_000, max: shown("2.00") }, 900n, 200n],
  ["nothing rounds up from nothing", { basisPoints: 1 }, 1n, 0n],
  [
    "amounts beyond 2^53 are exact",
    { basisPoints: 1 },
    90_071_992_547_409_930_000n,
    9_007_199_254_740_993n,
  ],
];

test.each(FEES)("%s", (_, more, amount, fee) => {
  expect(feeOn(tariff(rule(more)), "transfer", euros(amount))).toBe(fee);
});

test("what is not in the table costs nothing", () => {
  const table = tariff(rule({ fixed: shown("1.00") }));
  expect(feeOn(table, "deposit", euros(100n))).toBe(0n);
  expect(feeOn(table, "transfer", yen(100n))).toBe(0n);
  expect(feeOn(undefined, "transfer", euros(100n))).toBe(0n);
});

describe("a fee follows its posting", () => {
  const move = (minor: bigint) => ({
    ...{ by: ANYBODY, when: TODAY, transactionId: "t", feeId: "fee", amount: euros(minor) },
  });
  const table = tariff(
    rule({ on: "withdrawal", fixed: shown("1.00") }),
    rule({ on: "deposit", fixed: shown("3.00") }),
    rule({ fixed: shown("0.50") }),
  );
  const chargedFor = (id: string, on: string, balance: string, amount: string) => ({
    type: "FeeCharged",
    data: {
      ...{ transactionId: "fee", amount: shown(amount), direction: "debit" },
      ...{ balanceAfter: shown(balance), chargedFor: id, on },
    },
  });

  test("of a withdrawal, which has to leave it", () => {
    const decision = withdraw(move(9_900n), account(), table);
    expect(decision).toMatchObject({
      facts: [{ type: "MoneyWithdrawn" }, chargedFor("t", "withdrawal", "0.00", "1.00")],
    });
    expect(withdraw(move(9_901n), account(), table)).toMatchObject({ code: "insufficient_funds" });
  });

  test("of a deposit, which may pay it; a frozen account pays none", () => {
    const empty = account({ balance: 0n });
    expect(deposit(move(300n), empty, table)).toMatchObject({
      facts: [{ type: "MoneyDeposited" }, chargedFor("t", "deposit", "0.00", "3.00")],
    });
    expect(deposit(move(299n), empty, table)).toMatchObject({ code: "insufficient_funds" });
    for (const balance of [0n, 10_000n]) {
      const decision = deposit(move(299n), account({ balance, status: "frozen" }), table);
      if (decision.kind === "refused") throw new Error(decision.code);
      expect(decision.facts.map(({ type }) => type)).toEqual(["MoneyDeposited"]);
    }
    const overdrawn = account({ balance: -50_000n });
    expect(deposit(move(301n), overdrawn, table)).toMatchObject({ kind: "accepted" });
  });

  test("of a transfer, from the payer, beyond what a limit counts", () => {
    const legs = { transferId: "x", debitId: "d", creditId: "c", fromAccountId: "a" };
    const payer = account({ limits: { dailyOutgoing: shown("40.00") } });
    const command = { ...move(4_000n), ...legs, toAccountId: "b" };
    const decision = transfer(command, payer, account(), table);
    expect(decision).toMatchObject({
      facts: { fee: [chargedFor("d", "transfer", "59.50", "0.50")], sent: {}, received: {} },
    });
    const all = { ...command, amount: euros(10_000n) };
    expect(transfer(all, account(), account(), table)).toMatchObject({
      code: "insufficient_funds",
    });
  });
});

describe("a tariff is changed by four eyes", () => {
  const fees = [rule({ fixed: shown("1.00") })];
  const propose = (proposalId: string, state?: Tariff) => {
    return proposeTariff({ when: TODAY, proposalId, tariff: { fees }, proposedBy: OWNER }, state);
  };
  const put = (decision: ReturnType<typeof propose | typeof judgeTariff>, state?: Tariff) => {
    if (decision.kind === "refused") throw new Error(decision.code);
    return evolveTariff(state, decision.facts as TariffEvent);
  };
  const judge = (verdict: "approve" | "reject", decidedBy: string, state?: Tariff) => {
    return judgeTariff({ when: TODAY, proposalId: "p", verdict, decidedBy }, state);
  };

  test("by two people, and only once", () => {
    const open = put(propose("p"));
    expect(feeOn(open, "transfer", euros(1n))).toBe(0n);
    expect(judge("approve", OWNER, open)).toMatchObject({ code: "self_approval" });
    const decision = judge("approve", STRANGER, open);
    expect(decision).toMatchObject({ facts: { type: "TariffApproved", data: { day: TODAY.day } } });
    const state = put(decision, open);
    expect(state).toEqual({ fees });
    expect(judge("approve", STRANGER, state)).toMatchObject({ code: "proposal_closed" });
    expect(put(judge("reject", STRANGER, open), open)).toEqual({ fees: [] });
  });

  test("of which some wait at most", () => {
    let state: Tariff | undefined;
    for (let i = 0; i < PROPOSALS_MAX; i += 1) state = put(propose(`p${i}`, state), state);
    expect(propose("more", state)).toMatchObject({ code: "too_many_proposals" });
  });
});

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type Account,
  type AccountEvent,
  accountFromJson,
  accountToJson,
  accrue,
  daysOfMonth,
  evolveAccount,
  evolveTariff,
  type MonthBalances,
  monthAfter,
  nextInterestMonth,
  postInterest,
  type Rates,
  type Tariff,
  type TariffEvent,
} from "../src/index.ts";
import { account, OWNER, STRANGER, shown } from "./support.ts";

const PARTS = 3_650_000n;
const rate = (basisPoints: number, from = "2026-01-01"): Rates => {
  return { from, interest: [{ currency: "EUR", basisPoints }] };
};
const balances = (opening: bigint, closings: Record<string, bigint> = {}): MonthBalances => {
  return { opening, closings: new Map(Object.entries(closings)), throughVersion: 2 };
};
const savings = (more: Partial<Account> = {}) => account({ accountType: "savings", ...more });
const post = (month: string, has: MonthBalances, rates: Rates[], state: Account | undefined) => {
  return postInterest({ month, balances: has, rates, transactionId: "i" }, state);
};
const after = (state: Account, events: readonly AccountEvent[]) => {
  return events.reduce<Account>(evolveAccount, state);
};

test("each day bears interest on its closing balance at the rate of its end", () => {
  const rates = [rate(200), rate(300, "2026-02-20")];
  const has = balances(10_000n, { "2026-02-10": 20_000n, "2026-02-25": -5n, "2026-02-27": 5n });
  const { periods, accrued, closing } = accrue("2026-02", has, rates, "EUR");
  const day = (number: number) => `2026-02-${String(number).padStart(2, "0")}`;
  const period = (from: number, through: number, value: string, basisPoints: number) => {
    return { from: day(from), through: day(through), balance: shown(value), basisPoints };
  };
  expect(periods).toEqual([
    period(1, 9, "100.00", 200),
    period(10, 19, "200.00", 200),
    period(20, 24, "200.00", 300),
    period(27, 28, "0.05", 300),
  ]);
  const sum = 9n * 10_000n * 200n + 10n * 20_000n * 200n + 5n * 20_000n * 300n + 2n * 5n * 300n;
  expect([accrued, closing]).toEqual([sum, 5n]);
});

const ROUNDED: [title: string, balance: bigint, basisPoints: number, cents: bigint][] = [
  ["a year of a percent is a percent, to the cent", 100_000_00n, 100, 8_493n],
  ["less than half a cent is nothing", 5_800n, 10, 0n],
  ["more than half a cent is one", 5_900n, 10, 1n],
  ["beyond 2^53 it is exact", 9_007_199_254_740_993n, 365, 27_922_317_689_697n],
];

test.each(ROUNDED)("in a month of 31 days %s", (_, balance, basisPoints, cents) => {
  const events = post("2026-01", balances(balance), [rate(basisPoints)], savings({ balance }));
  const posted = events.find(({ type }) => type === "InterestPosted");
  const { amount } = (posted?.data ?? { amount: shown("0.00") }) as { amount: { value: string } };
  expect(BigInt(amount.value.replace(".", ""))).toBe(cents);
});

describe("a month", () => {
  const rates = [rate(10)];
  const events = post("2026-01", balances(5_800n), rates, savings());

  test("of which too little came is carried to the next one", () => {
    expect(events).toMatchObject([{ type: "InterestAccrued", data: { carriedIn: "0" } }]);
    const carried = String(31n * 5_800n * 10n);
    const state = after(savings(), events);
    expect(state.interest).toMatchObject({ month: "2026-01", carried, closing: "5800" });
    expect(accountFromJson(JSON.parse(JSON.stringify(accountToJson(state))))).toEqual(state);
    const next = post("2026-02", balances(5_800n), rates, state);
    expect(next).toMatchObject([
      { type: "InterestAccrued", data: { carriedIn: carried } },
      { type: "InterestPosted", data: { amount: shown("0.01"), balanceAfter: shown("100.01") } },
    ]);
    const rest = 59n * 5_800n * 10n - PARTS;
    expect(after(state, next).interest?.carried).toBe(String(rest));
  });

  test("that was posted is not posted again, nor one before it", () => {
    const state = after(savings(), events);
    for (const month of ["2026-01", "2025-12"]) {
      expect(post(month, balances(9_000_000n), rates, state)).toEqual([]);
    }
  });

  test("is for savings accounts that are still there, frozen or not", () => {
    const has = balances(1_000_000n);
    const gives = (state: Account | undefined) => post("2026-01", has, rates, state).length > 0;
    expect(gives(savings({ status: "frozen" }))).toBe(true);
    expect(gives(savings({ status: "closed" }))).toBe(false);
    expect(gives(account())).toBe(false);
    expect(gives(undefined)).toBe(false);
    expect(gives(savings({ currency: "JPY" }))).toBe(false);
  });
});

test("what would go beyond what a balance may be waits, to the last fraction", () => {
  const balance = 10n ** 17n - 1n;
  const events = post("2026-01", balances(balance), [rate(100)], savings({ balance }));
  const accrued = String(31n * balance * 100n);
  expect(events).toMatchObject([{ type: "InterestAccrued", data: { carriedOut: accrued } }]);
});

test("over any months nothing is lost and nothing made: what is posted and what is left", () => {
  const month = fc.record({
    opening: fc.bigInt({ min: -100n, max: 10_000_000n }),
    days: fc.dictionary(
      fc.integer({ min: 1, max: 28 }).map((n) => String(n).padStart(2, "0")),
      fc.bigInt({ min: -100n, max: 10_000_000n }),
      { maxKeys: 6 },
    ),
    basisPoints: fc.nat(2_000),
  });
  const property = fc.property(fc.array(month, { maxLength: 14 }), (months) => {
    let [state, name, sum] = [savings(), "2025-01", 0n];
    for (const { opening, days, basisPoints } of months) {
      const named = Object.entries(days).map(([day, value]) => [`${name}-${day}`, value]);
      const has = balances(opening, Object.fromEntries(named));
      sum += accrue(name, has, [rate(basisPoints, "2025-01-01")], "EUR").accrued;
      state = after(state, post(name, has, [rate(basisPoints, "2025-01-01")], state));
      name = monthAfter(name);
    }
    const carried = BigInt(state.interest?.carried ?? 0);
    expect((state.balance - savings().balance) * PARTS + carried).toBe(sum);
    expect(2n * carried <= PARTS && 2n * carried >= -PARTS).toBe(true);
  });
  fc.assert(property, { numRuns: 200 });
});

test("months and their days follow the calendar", () => {
  expect(monthAfter("2026-12")).toBe("2027-01");
  expect(monthAfter("2026-08")).toBe("2026-09");
  expect(["2028-02", "2026-02", "2026-11"].map((month) => daysOfMonth(month).length)).toEqual([
    29, 28, 30,
  ]);
  expect(daysOfMonth("2026-02").at(-1)).toBe("2026-02-28");
});

test("a tariff knows which month is next, and the rates of before as long as they count", () => {
  const approved = (day: string, basisPoints?: number): TariffEvent => {
    const interest = [{ currency: "EUR", basisPoints: basisPoints ?? 0 }];
    const tariff = { fees: [], ...(basisPoints !== undefined && { interest }) };
    const by = { proposedBy: OWNER, proposedAt: "", decidedBy: STRANGER, decidedAt: "" };
    return { type: "TariffApproved", data: { proposalId: "p", tariff, ...by, day } };
  };
  const closed = (month: string): TariffEvent => ({ type: "InterestMonthClosed", data: { month } });
  const put = (...events: TariffEvent[]) => {
    return events.reduce<Tariff | undefined>(evolveTariff, undefined) as Tariff;
  };
  expect(nextInterestMonth(put(approved("2026-01-05")))).toBeUndefined();
  const first = [approved("2026-01-05"), approved("2026-02-10", 100)];
  expect(nextInterestMonth(put(...first))).toBe("2026-02");
  const later = [...first, approved("2026-02-10", 150), approved("2026-03-20")];
  expect(put(...later).rates).toEqual([
    { from: "2026-02-10", interest: [{ currency: "EUR", basisPoints: 150 }] },
    { from: "2026-03-20", interest: [] },
  ]);
  // A clock that is behind does not put a rate before one that is in force.
  expect(put(...later, approved("2026-03-19", 5)).rates?.at(-1)).toEqual(rate(5, "2026-03-20"));
  expect(nextInterestMonth(put(...later, closed("2026-02")))).toBe("2026-03");
  const done = put(...later, closed("2026-02"), closed("2026-03"));
  expect(done.rates).toEqual([{ from: "2026-03-20", interest: [] }]);
  expect(nextInterestMonth(done)).toBeUndefined();
});

import { moneyText } from "../money.ts";
import { daysOfMonth } from "../schedule/calendar.ts";
import type { InterestRate, Rates } from "../tariff/events.ts";
import type { InterestPeriod } from "./events.ts";

/** The balance of an account before a month, and at the end of each day that has a posting. */
export interface MonthBalances {
  readonly opening: bigint;
  readonly closings: ReadonlyMap<string, bigint>;
  /** The last posting of before the end of the month, 0 for none. */
  readonly throughVersion: number;
}

interface Accrual {
  readonly periods: InterestPeriod[];
  /** In 1/3,650,000 of a minor unit. */
  readonly accrued: bigint;
  readonly closing: bigint;
}

/**
 * What the balances of a month earn, day by day: actual days of a year of 365, each at the rate in
 * force at its end, on the balance at its end. Exact: nothing is rounded here. A balance below zero
 * earns nothing, and costs nothing.
 */
export function accrue(
  month: string,
  { opening, closings }: MonthBalances,
  rates: readonly Rates[],
  currency: string,
): Accrual {
  const periods: InterestPeriod[] = [];
  let [balance, accrued, yesterday] = [opening, 0n, ""];
  for (const day of daysOfMonth(month)) {
    balance = closings.get(day) ?? balance;
    const basisPoints = rateOn(day, rates, currency);
    if (balance > 0n && basisPoints > 0) {
      accrued += balance * BigInt(basisPoints);
      const one = { from: day, through: day, balance: moneyText(balance, currency), basisPoints };
      const before = periods.at(-1);
      if (before?.through === yesterday && isSame(before, one)) {
        periods[periods.length - 1] = { ...before, through: day };
      } else periods.push(one);
    }
    yesterday = day;
  }
  return { periods, accrued, closing: balance };
}

function isSame(a: InterestPeriod, b: InterestPeriod): boolean {
  return a.balance.value === b.balance.value && a.basisPoints === b.basisPoints;
}

/** The rate of a currency at the end of a day, in basis points. */
function rateOn(day: string, rates: readonly Rates[], currency: string): number {
  const inForce = rates.findLast(({ from }) => from <= day);
  const rate = inForce?.interest.find((one: InterestRate) => one.currency === currency);
  return rate?.basisPoints ?? 0;
}

// Never refused: where there is nothing to give, nothing is given.
import { posted, refusesCredit } from "../account/decide.ts";
import type { Account } from "../account/state.ts";
import { divideHalfEven, moneyText } from "../money.ts";
import type { Rates } from "../tariff/events.ts";
import { accrue, type MonthBalances } from "./accrue.ts";
import type { InterestEvent } from "./events.ts";

/** Parts of a minor unit: basis points of a year of 365 days. */
const PARTS = 10_000n * 365n;

/** The interest of a month that is over, of the bank's days. */
export interface PostInterest {
  readonly month: string;
  readonly balances: MonthBalances;
  readonly rates: readonly Rates[];
  readonly transactionId: string;
}

/**
 * What a savings account has earned in a month: rounded half to even once, when it is posted; what
 * that leaves, be it above or below zero, is carried to the next month. None for a month that is
 * behind the last one, and for an account that is closed by now. What would bring the balance to
 * where none may be waits.
 */
export function postInterest(
  { month, balances, rates, transactionId }: PostInterest,
  account: Account | undefined,
): readonly InterestEvent[] {
  if (account === undefined || account.status === "closed") return [];
  const { accountType, currency, interest } = account;
  if (accountType !== "savings" || (interest !== undefined && interest.month >= month)) return [];
  const { periods, accrued, closing } = accrue(month, balances, rates, currency);
  if (accrued === 0n) return [];
  const carriedIn = BigInt(interest?.carried ?? 0);
  const all = carriedIn + accrued;
  const earned = { minor: all > 0n ? divideHalfEven(all, PARTS) : 0n, currency };
  const isGiven = earned.minor > 0n && refusesCredit(account, earned) === undefined;
  const carriedOut = isGiven ? all - earned.minor * PARTS : all;
  const said: InterestEvent = {
    type: "InterestAccrued",
    data: {
      ...{ month, periods, accrued: String(accrued) },
      ...{ carriedIn: String(carriedIn), carriedOut: String(carriedOut) },
      throughVersion: balances.throughVersion,
      closing: moneyText(closing, currency),
    },
  };
  if (!isGiven) return [said];
  const balance = account.balance + earned.minor;
  const data = { ...posted({ transactionId, amount: earned }, "credit", balance), month };
  return [said, { type: "InterestPosted", data }];
}

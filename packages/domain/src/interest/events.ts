// These names are the storage format of the log: add, never rename.
// They are events of the account's stream.
import type { MoneyText } from "../money.ts";

/** Days of a month, one after another, on which a balance bore interest at one rate. */
export interface InterestPeriod {
  readonly from: string;
  /** The last day, inclusive. */
  readonly through: string;
  /** At the end of each of the days. */
  readonly balance: MoneyText;
  /** A year, in hundredths of a percent. */
  readonly basisPoints: number;
}

/**
 * What an account has earned in a month of the bank's days. Fractions of a minor unit are whole
 * numbers of 1/3,650,000 of it: a balance of minor units, times basis points, for one day of 365.
 */
export interface InterestAccrued {
  readonly type: "InterestAccrued";
  readonly data: {
    readonly month: string;
    readonly periods: InterestPeriod[];
    /** In fractions, as are the two below; what was carried may be less than zero. */
    readonly accrued: string;
    readonly carriedIn: string;
    readonly carriedOut: string;
    /** The last posting of before the end of the month, 0 for none, and the balance then. */
    readonly throughVersion: number;
    readonly closing: MoneyText;
  };
}

/** What of it is at least a minor unit, given to the account; in the same commit. */
export interface InterestPosted {
  readonly type: "InterestPosted";
  readonly data: {
    readonly transactionId: string;
    readonly amount: MoneyText;
    readonly direction: "credit";
    readonly balanceAfter: MoneyText;
    readonly month: string;
  };
}

export type InterestEvent = InterestAccrued | InterestPosted;

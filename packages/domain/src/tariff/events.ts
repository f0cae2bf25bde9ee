// These names are the storage format of the log: add, never rename.
// They are events of a ledger's tariff, a stream of its own. What a tariff makes of an account is
// in the account's stream: FeeCharged.
import type { MoneyText } from "../money.ts";

/** What a fee may be for. */
export type Charged = "deposit" | "withdrawal" | "transfer";

/**
 * What a kind of transaction costs in one currency: so much, and so many hundredths of a percent of
 * its amount, rounded half to even; not less than `min` and not more than `max`.
 */
export interface FeeRule {
  readonly on: Charged;
  readonly currency: string;
  readonly fixed?: MoneyText;
  readonly basisPoints?: number;
  readonly min?: MoneyText;
  readonly max?: MoneyText;
}

/** What savings in a currency earn a year, in hundredths of a percent. */
export interface InterestRate {
  readonly currency: string;
  readonly basisPoints: number;
}

/** Rates that are in force from a day of the bank on, that day included. */
export interface Rates {
  readonly from: string;
  readonly interest: readonly InterestRate[];
}

/**
 * The whole table: what is not in it costs and earns nothing. One rule at most a kind and currency,
 * one rate a currency.
 */
export interface TariffTable {
  readonly fees: FeeRule[];
  readonly interest?: InterestRate[];
}

interface Proposed {
  readonly proposalId: string;
  readonly tariff: TariffTable;
  readonly proposedBy: string;
  readonly proposedAt: string;
}

interface Decided extends Proposed {
  readonly decidedBy: string;
  readonly decidedAt: string;
}

export interface TariffProposed {
  readonly type: "TariffProposed";
  readonly data: Proposed;
}

/** In force from the next command of the ledger on. */
export interface TariffApproved {
  readonly type: "TariffApproved";
  /** `day` is the bank's day of the approval. */
  readonly data: Decided & { readonly day: string };
}

export interface TariffRejected {
  readonly type: "TariffRejected";
  readonly data: Decided;
}

/** The interest of all accounts of the ledger was posted for a month, and for those before it. */
export interface InterestMonthClosed {
  readonly type: "InterestMonthClosed";
  readonly data: { readonly month: string };
}

export type TariffEvent = TariffProposed | TariffApproved | TariffRejected | InterestMonthClosed;

/** What a transaction has cost; it follows its posting in the same commit. */
export interface FeeCharged {
  readonly type: "FeeCharged";
  readonly data: {
    readonly transactionId: string;
    readonly amount: MoneyText;
    readonly direction: "debit";
    readonly balanceAfter: MoneyText;
    /** The transaction that it is for, and its kind. */
    readonly chargedFor: string;
    readonly on: Charged;
  };
}

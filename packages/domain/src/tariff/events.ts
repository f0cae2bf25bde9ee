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

/** The whole table: what is not in it costs nothing. One rule at most a kind and currency. */
export interface TariffTable {
  readonly fees: FeeRule[];
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

export type TariffEvent = TariffProposed | TariffApproved | TariffRejected;

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

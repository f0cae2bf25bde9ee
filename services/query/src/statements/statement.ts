import type { Transaction } from "@countinghouse/contracts";

/** What a month of an account comes to, before its entries. Amounts in minor units. */
export interface StatementHead {
  readonly accountId: string;
  readonly accountType: string;
  readonly accountName: string | null;
  readonly currency: string;
  /** `2026-11`, of `timeZone`. */
  readonly month: string;
  readonly timeZone: string;
  /** Its first moment, and that of the month after it. */
  readonly start: Date;
  readonly end: Date;
  /** Whether nothing can come to it any more. */
  readonly isClosed: boolean;
  /** Up to when it says all: the end of a closed month, else its last entry or its beginning. */
  readonly asOf: Date;
  readonly opening: bigint;
  readonly closing: bigint;
  readonly credits: Total;
  readonly debits: Total;
}

export interface Total {
  readonly count: number;
  readonly minor: bigint;
}

/** Entries, oldest first, some at a time. */
export type EntryPages = AsyncIterable<readonly Transaction[]>;

export function entryCount({ credits, debits }: StatementHead): number {
  return credits.count + debits.count;
}

import type { Account, By, Money, MoneyText, When } from "../src/index.ts";

export const OWNER = "0197c0de-0000-7000-8000-00000000000a";
export const STRANGER = "0197c0de-0000-7000-8000-00000000000b";
export const ANYBODY: By = { kind: "any" };
export const as = (userId: string): By => ({ kind: "own", userId });

/** A day of the tests, at noon. */
export const TODAY: When = { now: "2026-11-24T12:00:00.000Z", day: "2026-11-24" };

export const euros = (minor: bigint): Money => ({ minor, currency: "EUR" });
export const yen = (minor: bigint): Money => ({ minor, currency: "JPY" });
export const shown = (value: string, currency = "EUR"): MoneyText => ({ value, currency });

/** An open account of OWNER in euros with 100.00 in it, but for what is given. */
export function account(change: Partial<Account> = {}): Account {
  return {
    ownerId: OWNER,
    accountType: "checking",
    currency: "EUR",
    status: "open",
    balance: 10_000n,
    ...change,
  };
}

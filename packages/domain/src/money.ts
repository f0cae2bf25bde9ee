import { CURRENCIES } from "./currencies.ts";

/** An amount in the minor units of its currency (ISO 4217). */
export interface Money {
  readonly minor: bigint;
  readonly currency: string;
}

/** Money as events and answers have it: a decimal with exactly the decimals of its currency. */
export interface MoneyText {
  readonly value: string;
  readonly currency: string;
}

/** Why a text is no amount. */
export type MoneyFault = "malformed" | "unknown_currency" | "not_positive";

const VALUE = /^(0|[1-9][0-9]{0,14})(?:\.([0-9]{1,4}))?$/;
/** 10^15 units in minor units, by the decimals of the currency: a balance stays below. */
const BALANCE_LIMITS: readonly bigint[] = [0n, 1n, 2n, 3n, 4n].map((n) => 10n ** (15n + n));

/** The decimals of a currency, or undefined for one that accounts cannot have. */
export function decimalsOf(currency: string): number | undefined {
  return Object.hasOwn(CURRENCIES, currency) ? CURRENCIES[currency] : undefined;
}

/** The amount of a text, above zero, or what is wrong with it. */
export function parseAmount({ value, currency }: MoneyText): Money | MoneyFault {
  const decimals = decimalsOf(currency);
  if (decimals === undefined) return "unknown_currency";
  const [, units, fraction = ""] = VALUE.exec(value) ?? [];
  if (units === undefined || fraction.length > decimals) return "malformed";
  const minor = BigInt(units + fraction.padEnd(decimals, "0"));
  return minor === 0n ? "not_positive" : { minor, currency };
}

/**
 * Writes minor units with exactly the decimals of the currency, with a leading `-` below zero.
 * Throws a RangeError for a currency without known decimals: a guess would move the point.
 */
export function moneyText(minor: bigint, currency: string): MoneyText {
  const decimals = knownDecimals(currency);
  if (decimals === 0) return { value: String(minor), currency };
  const digits = String(minor < 0n ? -minor : minor).padStart(decimals + 1, "0");
  const sign = minor < 0n ? "-" : "";
  const value = `${sign}${digits.slice(0, -decimals)}.${digits.slice(-decimals)}`;
  return { value, currency };
}

/** The minor units of a text that moneyText wrote. */
export function minorUnits({ value }: MoneyText): bigint {
  return BigInt(value.replace(".", ""));
}

/**
 * The least amount that a balance cannot reach, in minor units. Throws a RangeError for a currency
 * without known decimals.
 */
export function balanceLimit(currency: string): bigint {
  return BALANCE_LIMITS[knownDecimals(currency)] ?? 0n;
}

/** The quotient of a dividend that is not below zero, rounded half to even. */
export function divideHalfEven(dividend: bigint, divisor: bigint): bigint {
  const [quotient, rest] = [dividend / divisor, dividend % divisor];
  const isUp = 2n * rest > divisor || (2n * rest === divisor && quotient % 2n === 1n);
  return isUp ? quotient + 1n : quotient;
}

function knownDecimals(currency: string): number {
  const decimals = decimalsOf(currency);
  if (decimals === undefined) throw new RangeError("a currency without known decimals");
  return decimals;
}

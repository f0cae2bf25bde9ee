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

/** A balance stays below this many units of its currency. */
const UNITS_DIGITS = 15;
const VALUE = /^(0|[1-9][0-9]{0,14})(?:\.([0-9]{1,4}))?$/;
const POWERS = [1n, 10n, 100n, 1000n, 10_000n] as const;

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

/** Writes minor units with exactly the decimals of the currency, with a leading `-` below zero. */
export function moneyText(minor: bigint, currency: string): MoneyText {
  const decimals = decimalsOf(currency) ?? 0;
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

/** The least amount that a balance cannot reach, in minor units. */
export function balanceLimit(currency: string): bigint {
  return 10n ** BigInt(UNITS_DIGITS) * (POWERS[decimalsOf(currency) ?? 0] ?? 1n);
}

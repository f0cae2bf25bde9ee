import { expect, test } from "vitest";
import { balanceLimit, minorUnits, moneyText, parseAmount } from "../src/index.ts";

const GOOD: [value: string, currency: string, minor: bigint, shown: string][] = [
  ["5", "EUR", 500n, "5.00"],
  ["5.1", "EUR", 510n, "5.10"],
  ["0.01", "EUR", 1n, "0.01"],
  ["999999999999999.99", "EUR", 99_999_999_999_999_999n, "999999999999999.99"],
  ["500", "JPY", 500n, "500"],
  ["0.001", "BHD", 1n, "0.001"],
  ["1.5", "BHD", 1_500n, "1.500"],
];

test.each(GOOD)("[S27] %s %s is %s minor units, shown as %s", (value, currency, minor, shown) => {
  expect(parseAmount({ value, currency })).toEqual({ minor, currency });
  expect(moneyText(minor, currency)).toEqual({ value: shown, currency });
  expect(minorUnits({ value: shown, currency })).toBe(minor);
});

const BAD: [value: string, currency: string, fault: string][] = [
  ["0", "EUR", "not_positive"],
  ["0.00", "EUR", "not_positive"],
  ["0.001", "EUR", "malformed"],
  ["1.0", "JPY", "malformed"],
  ["1.0001", "BHD", "malformed"],
  ["-1", "EUR", "malformed"],
  ["+1", "EUR", "malformed"],
  ["1e3", "EUR", "malformed"],
  ["05", "EUR", "malformed"],
  [".5", "EUR", "malformed"],
  ["5.", "EUR", "malformed"],
  ["1,00", "EUR", "malformed"],
  ["٥", "EUR", "malformed"],
  ["5\n", "EUR", "malformed"],
  ["1000000000000000", "EUR", "malformed"],
  ["5", "eur", "unknown_currency"],
  ["5", "ZZZ", "unknown_currency"],
  ["5", "XAU", "unknown_currency"],
  ["5", "toString", "unknown_currency"],
  ["5", "__proto__", "unknown_currency"],
];

test.each(BAD)("[S28] %s %s is %s", (value, currency, fault) => {
  expect(parseAmount({ value, currency })).toBe(fault);
});

test("money below zero is shown with a sign", () => {
  expect(moneyText(-5n, "EUR").value).toBe("-0.05");
  expect(moneyText(-500n, "JPY").value).toBe("-500");
});

test("money without known decimals is not shown at all, rather than with the point moved", () => {
  expect(() => moneyText(500n, "ZZZ")).toThrow(RangeError);
  expect(() => balanceLimit("ZZZ")).toThrow(RangeError);
});

test("[S28] a balance stays below 10^15 units of its currency", () => {
  expect(balanceLimit("EUR")).toBe(10n ** 17n);
  expect(balanceLimit("JPY")).toBe(10n ** 15n);
  expect(balanceLimit("BHD")).toBe(10n ** 18n);
});

import { readFileSync } from "node:fs";
import * as dinero from "dinero.js/currencies";
import { expect, test } from "vitest";
import { CURRENCIES } from "../src/currencies.ts";
import { generated } from "../tools/generate-currencies.ts";

test("the table is what its generator makes", () => {
  const text = readFileSync(new URL("../src/currencies.ts", import.meta.url), "utf8");
  expect(generated()).toBe(text);
});

const known = new Map<string, number | undefined>(
  Object.values(dinero).map(({ code, exponent }) => [code, exponent]),
);

/**
 * As of 2026-11: their coins are fifths of a unit, which dinero.js counts as one decimal of base 5.
 */
const FIFTHS = ["MGA", "MRU"];

test("the decimals agree with another library's", () => {
  const different = Object.entries(CURRENCIES).filter(([code, decimals]) => {
    return known.get(code) !== decimals;
  });
  expect(different.map(([code]) => code)).toEqual(FIFTHS);
});

/** As of 2026-11: funds and units of account, and the lev, which the euro replaced in 2026. */
const NO_ACCOUNTS = ["BGN", "BOV", "CHE", "CHW", "CLF", "COU", "MXV", "USN", "UYI", "UYW", "XAD"];

test("what the other library has and we have not is no money that one can hold", () => {
  const missing = [...known.keys()].filter((code) => !Object.hasOwn(CURRENCIES, code));
  expect(missing.sort()).toEqual(NO_ACCOUNTS);
});

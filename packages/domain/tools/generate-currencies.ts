// Writes src/currencies.ts from the npm package currency-codes and the dated corrections below.
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";

/** Codes that are no money one can hold: metals, units of account, tests, funds. */
const NO_MONEY = [
  ...["XAG", "XAU", "XBA", "XBB", "XBC", "XBD", "XDR", "XPD", "XPT", "XSU", "XTS", "XUA", "XXX"],
  ...["BOV", "CHE", "CHW", "CLF", "COU", "MXV", "USN", "UYI", "UYW"],
];
/**
 * What changed, with the day and the ISO 4217 amendment: named here whether or not the package has
 * it by now. As of 2026-11.
 */
const ADDED: readonly (readonly [code: string, decimals: number, since: string])[] = [
  ["VED", 2, "2021-10-01, amendment 170"],
  ["SLE", 2, "2022-07-01, amendment 171"],
  ["ZWG", 2, "2024-06-25, amendment 177"],
  ["XCG", 2, "2025-03-31, amendment 176"],
];
const ENDED: readonly (readonly [code: string, since: string])[] = [
  ["CUC", "2021-01-01, amendment 178: CUP"],
  ["HRK", "2023-01-01, amendment 174: EUR"],
  ["SLL", "2023-12-31, amendment 175: SLE"],
  ["ZWL", "2024-08-31, amendment 177: ZWG"],
  ["ANG", "2025-03-31, amendment 176: XCG"],
  ["BGN", "2026-01-01: EUR"],
];

const HEADER = `// Made by tools/generate-currencies.ts; do not edit.

/** The decimals of every currency (ISO 4217, minor unit) that an account can have. */
export const CURRENCIES: Readonly<Record<string, number>> = {
`;

/** The text of src/currencies.ts. */
export function generated(): string {
  const data = createRequire(import.meta.url)("currency-codes/data") as {
    code: string;
    digits: number;
  }[];
  const known = new Map(data.map(({ code, digits }) => [code, digits]));
  for (const [code, digits] of ADDED) known.set(code, digits);
  for (const code of [...NO_MONEY, ...ENDED.map(([ended]) => ended)]) known.delete(code);
  const rows = [...known].sort(([a], [b]) => (a < b ? -1 : 1));
  return `${HEADER}${rows.map(([code, digits]) => `  ${code}: ${digits},\n`).join("")}};\n`;
}

if (import.meta.main) {
  const path = new URL("../src/currencies.ts", import.meta.url);
  const text = generated();
  if (readFileSync(path, { encoding: "utf8", flag: "a+" }) !== text) writeFileSync(path, text);
}

// Writes src/currencies.ts from the npm package currency-codes and the dated corrections below.
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";

/** Codes that are no money one can hold: metals, units of account, tests, funds. */
const NO_MONEY = [
  ...["XAG", "XAU", "XBA", "XBB", "XBC", "XBD", "XDR", "XPD", "XPT", "XSU", "XTS", "XUA", "XXX"],
  ...["BOV", "CHE", "CHW", "CLF", "COU", "MXV", "USN", "UYI", "UYW"],
];
/** ISO 4217 amendments that the package does not have yet, or codes that have ended. */
const ADDED = { XCG: 2, ZWG: 2, SLE: 2, VED: 2 };
const ENDED = ["ANG", "BGN", "CUC", "HRK", "SLL", "ZWL"];

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
  for (const [code, digits] of Object.entries(ADDED)) known.set(code, digits);
  for (const code of [...NO_MONEY, ...ENDED]) known.delete(code);
  const rows = [...known].sort(([a], [b]) => (a < b ? -1 : 1));
  return `${HEADER}${rows.map(([code, digits]) => `  ${code}: ${digits},\n`).join("")}};\n`;
}

if (import.meta.main) {
  const path = new URL("../src/currencies.ts", import.meta.url);
  const text = generated();
  if (readFileSync(path, { encoding: "utf8", flag: "a+" }) !== text) writeFileSync(path, text);
}

import { expect, test } from "vitest";
import { createConsistencyTokens } from "../src/consistency-token.ts";
import { createSealer } from "../src/opaque.ts";

const KEY = Buffer.alloc(32, 7);
const tokens = createConsistencyTokens(KEY);
const A = "019ab5f0-7c3e-8001-a2b4-5f6e7d8c9b0a";
const B = "019ab5f0-7c3e-8001-bfff-5f6e7d8c9b0b";
const version = (accountId: string, n: number) => ({ accountId, version: n });

test("a token says what was minted into it", () => {
  const token = tokens.mint([version(A, 1), version(B, 4_294_967_295)]);
  expect(tokens.read(token)).toEqual([
    { kind: "version", ...version(A, 1) },
    { kind: "version", ...version(B, 4_294_967_295) },
  ]);
  expect(tokens.read(tokens.mint([]))).toEqual([]);
  const range = { ledger: 4095, first: Number.MAX_SAFE_INTEGER, count: 2_000 };
  expect(tokens.read(tokens.mintRanges([range]))).toEqual([{ kind: "range", ...range }]);
});

test("tokens joined by commas count together", () => {
  const [a, b] = [tokens.mint([version(A, 1)]), tokens.mint([version(B, 2)])];
  for (const header of [`${a},${b}`, `${a}, ${b}`, ` ${a} ,\t${b} `]) {
    expect(tokens.read(header)).toHaveLength(2);
  }
});

test("the longest token has at most 200 bytes", () => {
  const most = tokens.mint([A, B, A, B].map((id) => version(id, 4_294_967_295)));
  expect(most.length).toBeLessThanOrEqual(200);
  const ranges = Array(8).fill({ ledger: 1, first: 1, count: 1 });
  expect(tokens.mintRanges(ranges).length).toBeLessThanOrEqual(200);
  expect(() => tokens.mintRanges([...ranges, ...ranges])).toThrow(RangeError);
  expect(() => tokens.mint(Array(5).fill(version(A, 1)))).toThrow(RangeError);
});

const good = tokens.mint([version(A, 1)]);
const seal = (purpose: string, bytes: number[]) => {
  return createSealer(KEY, purpose).seal(Buffer.from(bytes));
};
const BAD: Record<string, string> = {
  nothing: "",
  "a word": "x",
  "a long word": "a".repeat(2000),
  "an empty place in a list": `${good},,${good}`,
  "more than sixteen": Array(17).fill(good).join(","),
  "padding after it": `${good}=`,
  "one bad among good ones": `${good},${good.slice(0, -1)}`,
  "one of another key": createConsistencyTokens(Buffer.alloc(32, 8)).mint([version(A, 1)]),
  "one sealed for another purpose": seal("cursor", [1]),
  "an unknown kind": seal("consistency", [9]),
  "no kind": seal("consistency", []),
  "half a pair": seal("consistency", [1, 2, 3]),
};

for (const [what, header] of Object.entries(BAD)) {
  test(`a header with ${what} is malformed`, () => {
    expect(() => tokens.read(header)).toThrow("malformed");
  });
}

test("a token with any byte changed is malformed", () => {
  for (let i = 0; i < good.length; i += 1) {
    const forged = good.slice(0, i) + (good[i] === "A" ? "B" : "A") + good.slice(i + 1);
    expect(() => tokens.read(forged)).toThrow("malformed");
  }
});

import canonicalize from "canonicalize";
import fc from "fast-check";
import { expect, test } from "vitest";
import { canonicalJson } from "../src/canonical-json.ts";

const value = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.string({ unit: "binary" }).filter((text) => text.isWellFormed()),
    ...[fc.maxSafeInteger(), fc.boolean(), fc.constant(null)],
    fc.array(tie("value"), { maxLength: 5 }),
    fc.dictionary(fc.string({ unit: "grapheme" }), tie("value"), { maxKeys: 6 }),
  ),
})).value;

test("canonical JSON is what RFC 8785 says, by another's code", () => {
  fc.assert(
    fc.property(value, (any) => {
      expect(canonicalJson(any)).toBe(canonicalize(any));
    }),
    { numRuns: 2_000 },
  );
});

test.each([
  [{ b: 1, a: 2 }, '{"a":2,"b":1}'],
  [{ 10: 1, 9: 2 }, '{"10":1,"9":2}'],
  [{ a: undefined, b: [] }, '{"b":[]}'],
  [{ "\u20ac": "\u20ac", "\r": "\n" }, '{"\\r":"\\n","\u20ac":"\u20ac"}'],
])("members stand in the order of their names: %j", (any, text) => {
  expect(canonicalJson(any)).toBe(text);
});

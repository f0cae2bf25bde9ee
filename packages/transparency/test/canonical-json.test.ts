import { canonicalJson } from "@countinghouse/transparency";
import canonicalize from "canonicalize";
import fc from "fast-check";
import { expect, test } from "vitest";

test("any JSON value is written as another implementation of RFC 8785 writes it", () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const text = JSON.stringify(value);
      if (/\\ud[89a-f]/.test(text)) return;
      expect(canonicalJson(value)).toBe(canonicalize(value));
      expect(canonicalJson(JSON.parse(canonicalJson(value)))).toBe(canonicalJson(value));
    }),
    { numRuns: 1_000 },
  );
});

test("the example of RFC 8785", () => {
  const value = {
    numbers: [333333333.3333333, 1e30, 4.5, 2e-3, 0.000000000000000000000000001],
    string: "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\u002f",
    literals: [null, true, false],
  };
  expect(canonicalJson(value)).toBe(
    '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],' +
      '"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}',
  );
});

test("members are sorted by UTF-16 code units, whole numbers among them", () => {
  const value = { b: 1, "10": 1, "9": 1, "\u{1f600}": 1, "\ufb33": 1, a: { d: 1, c: 1 } };
  expect(canonicalJson(value)).toBe(
    '{"10":1,"9":1,"a":{"c":1,"d":1},"b":1,"\u{1f600}":1,"\ufb33":1}',
  );
});

test("a member whose value is undefined is left out, in an array it is null", () => {
  expect(canonicalJson({ a: undefined, b: [undefined], c: 1 })).toBe('{"b":[null],"c":1}');
  expect(canonicalJson({ c: 1, b: [undefined], a: undefined })).toBe('{"b":[null],"c":1}');
});

test.each([
  ["undefined", undefined],
  ["a surrogate alone", { a: ["\ud800"] }],
  ["a name that is ill-formed", { "\udfff": 1 }],
  ["not a number", { b: Number.NaN, a: 1 }],
  ["infinity", [Number.POSITIVE_INFINITY]],
])("%s is no JSON", (_, value) => {
  expect(() => canonicalJson(value)).toThrow(TypeError);
});

test("an escape that only looks like a surrogate is none", () => {
  expect(canonicalJson(["\\ud800"])).toBe('["\\\\ud800"]');
});

test("what is nested too deeply is refused, sorted or not", () => {
  let value: unknown = { b: 1, a: 2 };
  for (let i = 0; i < 100_000; i += 1) value = [value];
  expect(() => canonicalJson(value)).toThrow(TypeError);
  expect(() => canonicalJson({ b: 1, a: value })).toThrow(TypeError);
});

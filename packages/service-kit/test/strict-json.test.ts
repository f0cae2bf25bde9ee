import { expect, test } from "vitest";
import { ProblemError } from "../src/problem-error.ts";
import { checkContentType, parseStrictJson } from "../src/strict-json.ts";

const parse = (text: string) => parseStrictJson(Buffer.from(text));

const GOOD: [text: string, value: unknown][] = [
  ['{"a":1,"b":{"a":2}}', { a: 1, b: { a: 2 } }],
  ['{"a":":","b":"\\":\\\\"}', { a: ":", b: '":\\' }],
  ['{"text":"ž 🐎"}', { text: "ž 🐎" }],
  ['[{"a":1},{"a":1}]', [{ a: 1 }, { a: 1 }]],
  ["5", 5],
  ["null", null],
];

test.each(GOOD)("[S5] %s is JSON", (text, value) => {
  expect(parse(text)).toEqual(value);
});

const BAD: [what: string, text: string | Buffer, path: string][] = [
  ["nothing", "", ""],
  ["half a document", '{"a":', ""],
  ["a trailing comma", '{"a":1,}', ""],
  ["a comment", '{"a":1/**/}', ""],
  ["a repeated member", '{"a":1,"a":2}', ""],
  ["a repeated member deep inside", '{"x":[{"a":1,"b":2,"a":1}]}', ""],
  ["a member repeated by an escape", '{"a":1,"\\u0061":2}', ""],
  ["a byte order mark", "\ufeff{}", ""],
  ["a control character in a text", '{"a":{"b":"x\\u0000"}}', "/a/b"],
  ["a line break in a text", '{"a":"x\\ny"}', "/a"],
  ["a lone surrogate", '{"a":"\\ud800"}', "/a"],
  ["a control character in a name", '{"a\\u0007":1}', ""],
  ["what is no UTF-8", Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]), ""],
  ["17 levels", "[".repeat(17) + "]".repeat(17), "/0".repeat(16)],
];

test.each(BAD)("[S5] %s answers 400", (_, text, path) => {
  const bytes = Buffer.from(text as string);
  const failure = catchProblem(() => parseStrictJson(bytes));
  expect(failure.code).toBe("malformed");
  expect(failure.errors?.[0]?.path).toBe(path);
});

test("16 levels are not too many", () => {
  expect(() => parse("[".repeat(16) + "]".repeat(16))).not.toThrow();
});

const TYPES: [type: string | undefined, isJson: boolean][] = [
  ["application/json", true],
  ["application/json; charset=utf-8", true],
  ['Application/JSON;charset="UTF-8"', true],
  ["application/json; charset=utf-16", false],
  ["application/jsonp", false],
  ["application/problem+json", false],
  ["text/plain", false],
  ["", false],
  [undefined, false],
];

test.each(TYPES)("[S33] the media type %s is JSON in UTF-8: %s", (type, isJson) => {
  if (isJson) expect(() => checkContentType(type)).not.toThrow();
  else expect(catchProblem(() => checkContentType(type)).code).toBe("unsupported_media_type");
});

function catchProblem(work: () => unknown): ProblemError {
  try {
    work();
  } catch (error) {
    if (error instanceof ProblemError) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}

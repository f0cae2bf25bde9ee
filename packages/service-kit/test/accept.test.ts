import { expect, test } from "vitest";
import { isAcceptable } from "../src/accept.ts";

const HEADERS: [accept: string | undefined, isAcceptable: boolean][] = [
  [undefined, true],
  ["", true],
  ["*/*", true],
  ["application/json", true],
  ["APPLICATION/JSON; charset=utf-8", true],
  ["application/*;q=0.1", true],
  ["text/html, application/xhtml+xml, */*;q=0.8", true],
  ["text/html, application/json;q=0.5", true],
  ["text/html", false],
  ["application/json;q=0", false],
  ["application/json;q=0, */*", false],
  ["application/*;q=0.000, application/json", true],
  ["application/jsonx", false],
  ["json", false],
];

test.each(HEADERS)("Accept: %s lets JSON through: %s", (accept, expected) => {
  expect(isAcceptable(accept, "application/json")).toBe(expected);
});

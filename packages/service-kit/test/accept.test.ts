import { expect, test } from "vitest";
import { isAcceptable, preferredType } from "../src/accept.ts";

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

const PREFERENCES: [accept: string | undefined, preferred: string][] = [
  [undefined, "application/json"],
  ["*/*", "application/json"],
  ["text/plain", "text/plain"],
  ["application/json, text/plain", "application/json"],
  ["application/json;q=0.5, text/plain", "text/plain"],
  ["text/*, application/json;q=0.9", "text/plain"],
  ["text/plain;q=0.1, */*;q=0.2", "application/json"],
];

test.each(PREFERENCES)("Accept: %s prefers %s of JSON and text", (accept, expected) => {
  expect(preferredType(accept, ["application/json", "text/plain"])).toBe(expected);
});

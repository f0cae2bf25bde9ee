import { expect, test } from "vitest";
import { functionsOf } from "../src/functions.ts";
import { sources } from "../src/sources.ts";

const LINE_MAX = 100;
const FILE_MAX = 300;
const FUNCTION_MAX = 70;
/** Tables that a generator writes or that are nothing but rows. */
const TABLES = ["packages/domain/src/currencies.ts"];

const files = sources(".ts", ".mjs").filter(({ path }) => !TABLES.includes(path));

test(`no line is longer than ${LINE_MAX} columns`, () => {
  const wrong = files.flatMap(({ path, lines }) => {
    return lines.flatMap((line, i) => ([...line].length > LINE_MAX ? [`${path}:${i + 1}`] : []));
  });
  expect(wrong).toEqual([]);
});

test(`no file is longer than ${FILE_MAX} lines`, () => {
  const wrong = files.filter(({ lines }) => lines.length - 1 > FILE_MAX);
  expect(wrong.map(({ path, lines }) => `${path}: ${lines.length - 1}`)).toEqual([]);
});

test(`no function is longer than ${FUNCTION_MAX} lines`, () => {
  const all = files.flatMap(({ path, lines }) => {
    return functionsOf(lines).map((span) => ({ ...span, path }));
  });
  expect(all.length).toBeGreaterThan(100);
  const wrong = all.filter(({ length }) => length > FUNCTION_MAX);
  expect(wrong.map(({ path, line, name }) => `${path}:${line} ${name}`)).toEqual([]);
});

test("the length of a function is measured to its closing brace", () => {
  const lines = ["export function a() {", "  if (b) {", "  }", "}", "function c() {", "}"];
  expect(functionsOf(lines)).toEqual([
    { name: "a", line: 1, length: 4 },
    { name: "c", line: 5, length: 2 },
  ]);
});

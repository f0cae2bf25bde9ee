import Type from "typebox";
import { expect, test } from "vitest";
import { convertQuery, parseQueryString } from "../src/query-string.ts";

const schema = Type.Object({
  limit: Type.Optional(Type.Integer()),
  follow: Type.Optional(Type.Boolean()),
  q: Type.Optional(Type.String()),
});

const read = (text: string) => convertQuery(parseQueryString(text), schema);

const GOOD: [text: string, query: object][] = [
  ["", {}],
  ["limit=5", { limit: 5 }],
  ["limit=0", { limit: 0 }],
  ["follow=true&q=5", { follow: true, q: "5" }],
  ["q=a%20b+c", { q: "a b c" }],
  ["q=", { q: "" }],
  ["q=a=b", { q: "a=b" }],
];

test.each(GOOD)("%s is read as %o", (text, query) => {
  expect(read(text)).toEqual(query);
});

const LEFT_FOR_THE_SCHEMA = ["05", "0x10", "1e1", "+5", " 5", "5.0", "-1", "", "٣", "9".repeat(17)];

test.each(LEFT_FOR_THE_SCHEMA)("[S5] limit=%s stays text, for the schema to refuse", (text) => {
  expect(read(`limit=${encodeURIComponent(text)}`)).toEqual({ limit: text });
});

const BAD = ["limit=5&limit=5", "colour=blue", "Limit=5", "q=%00", "q=%", "q=%ff", "%=1", "q[]=a"];

test.each([...BAD, "__proto__=1", "q=%ed%a0%80"])("[S5] %s answers 400", (text) => {
  expect(() => read(text)).toThrow(expect.objectContaining({ code: "malformed" }));
});

import Type, { type TObject } from "typebox";
import { expect, test } from "vitest";
import { incompatibilities } from "../src/events/compatibility.ts";
import type { JsonSchema } from "../src/events/documents.ts";

const money = Type.Object({ value: Type.String({ pattern: "^[0-9]+$" }) });
const closed = { additionalProperties: false };
const member = {
  id: Type.String(),
  amount: money,
  side: Type.Enum(["in", "out"]),
  direction: Type.Literal("credit"),
  roles: Type.Array(Type.Enum(["a"], { "x-extensible": true })),
  sealed: Type.Object({ a: Type.String() }, closed),
  note: Type.Optional(Type.String({ maxLength: 10 })),
  either: Type.Union([Type.String(), Type.Null()]),
};
const released = Type.Object(member);
const with_ = (change: Record<string, unknown>) => {
  return Type.Object({ ...member, ...change } as typeof member);
};
const { id: _, ...withoutId } = member;

const REFUSED: [what: string, current: TObject, sentence: string][] = [
  ["a removed field", Type.Object(withoutId), "/id: the field was removed"],
  [
    "a removed field of a member",
    with_({ amount: Type.Object({}) }),
    "/amount/value: the field was removed",
  ],
  [
    "a new required field",
    with_({ more: Type.String() }),
    "/more: a field is required that was not",
  ],
  [
    "an optional field that becomes required",
    with_({ note: Type.String({ maxLength: 10 }) }),
    "/note: a field is required that was not",
  ],
  [
    "a required field that becomes optional",
    with_({ id: Type.Optional(Type.String()) }),
    "/id: the field was required and no longer is",
  ],
  ["another type", with_({ id: Type.Integer() }), '/id: type was "string" and is "integer"'],
  [
    "a type that is narrowed by a pattern",
    with_({ id: Type.String({ pattern: "^x" }) }),
    '/id: pattern was not given and is "^x"',
  ],
  [
    "a bound that is tightened",
    with_({ note: Type.Optional(Type.String({ maxLength: 5 })) }),
    "/note: maxLength was 10 and is 5",
  ],
  [
    "a bound that is lifted, which other readers hold",
    with_({ note: Type.Optional(Type.String()) }),
    "/note: maxLength was 10 and is not given",
  ],
  [
    "an enumeration that is narrowed",
    with_({ side: Type.Enum(["in"]) }),
    '/side: the value "out" was removed',
  ],
  [
    "an enumeration that is widened",
    with_({ side: Type.Enum(["in", "out", "up"]) }),
    '/side: "up" is new',
  ],
  [
    "an enumeration that goes",
    with_({ side: Type.String() }),
    "/side: an enumeration came or went",
  ],
  [
    "another constant",
    with_({ direction: Type.Literal("debit") }),
    '/direction: const was "credit" and is "debit"',
  ],
  [
    "a type that is narrowed to a constant",
    with_({ id: Type.Literal("x") }),
    '/id: const was not given and is "x"',
  ],
  [
    "a value that an extensible enumeration loses",
    with_({ roles: Type.Array(Type.Enum(["b"], { "x-extensible": true })) }),
    '/roles/*: the value "a" was removed',
  ],
  [
    "an enumeration that is extensible no longer",
    with_({ roles: Type.Array(Type.Enum(["a"])) }),
    "/roles/*: x-extensible was true and is not given",
  ],
  [
    "an optional member of a closed object",
    with_({ sealed: Type.Object({ a: Type.String(), b: Type.Optional(Type.String()) }, closed) }),
    "/sealed/b: a closed object has a new field",
  ],
  [
    "an open object that is closed",
    Type.Object(member, closed),
    "/: additionalProperties was not given and is false",
  ],
  [
    "an alternative less",
    with_({ either: Type.Union([Type.String()]) }),
    "/either: the alternatives have changed",
  ],
  [
    "an alternative that is another",
    with_({ either: Type.Union([Type.String(), Type.Integer()]) }),
    '/either|1: type was "null" and is "integer"',
  ],
];

test.each(REFUSED)("%s is refused", (_, current, sentence) => {
  expect(incompatibilities(json(released), json(current))).toContain(sentence);
});

const TAKEN: [what: string, current: TObject][] = [
  ["nothing new", Type.Object(member)],
  ["an optional member of an open object", with_({ more: Type.Optional(Type.Integer()) })],
  [
    "an optional member of a member",
    with_({ amount: Type.Object({ ...money.properties, scale: Type.Optional(Type.Integer()) }) }),
  ],
  [
    "a value of an extensible enumeration",
    with_({ roles: Type.Array(Type.Enum(["a", "b"], { "x-extensible": true })) }),
  ],
  ["better words", with_({ id: Type.String({ description: "whose", examples: ["x"] }) })],
  ["another order of members", Type.Object(Object.fromEntries(Object.entries(member).reverse()))],
];

test.each(TAKEN)("%s is compatible", (_, current) => {
  expect(incompatibilities(json(released), json(current))).toEqual([]);
});

/** A schema as its file has it. */
function json(schema: TObject): JsonSchema {
  return JSON.parse(JSON.stringify(schema)) as JsonSchema;
}

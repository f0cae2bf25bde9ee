import { createRequire } from "node:module";
import { Ajv } from "ajv";
import { Ajv2020 } from "ajv/dist/2020.js";
import { expect, test } from "vitest";
import { goldenEvents } from "../src/events/golden.ts";
import {
  asyncApiDocument,
  EVENTS,
  type Operation,
  publicOperations,
  schemaDocuments,
  TOPICS,
} from "../src/index.ts";

const golden = goldenEvents();
// As it is served: text, read again.
const document = JSON.parse(JSON.stringify(asyncApiDocument("1.2.3", golden)));

/** The official JSON Schema of AsyncAPI 3, which is in draft 7. */
function officialValidator() {
  const require = createRequire(import.meta.url);
  const schema = require("@asyncapi/specs/schemas/3.0.0.json");
  // It brings the schema of draft 7 along, which ajv would add once more.
  const ajv = new Ajv({
    strict: false,
    validateFormats: false,
    meta: false,
    validateSchema: false,
  });
  return ajv.compile(schema);
}
const isAsyncApi = officialValidator();

test("the document is AsyncAPI 3 by its official JSON Schema", () => {
  isAsyncApi(document);
  expect(isAsyncApi.errors).toBeNull();
});

test.each([
  ["without a version of AsyncAPI", { asyncapi: undefined }],
  ["with an operation that neither sends nor receives", { operations: { a: { action: "do" } } }],
  ["with a channel that has another member", { channels: { a: { adress: "x" } } }],
])("the official schema refuses a document %s", (_, change) => {
  expect(isAsyncApi(JSON.parse(JSON.stringify({ ...document, ...change })))).toBe(false);
});

test("every reference of the document leads to something in it", () => {
  const references = [...JSON.stringify(document).matchAll(/"\$ref":"#\/([^"]+)"/g)];
  expect(references.length).toBeGreaterThan(30);
  for (const [, path = ""] of references) {
    expect(
      path.split("/").reduce((part, name) => part?.[name], document),
      path,
    ).toBeDefined();
  }
});

test("the topic has a message for every version of every type of its stream, and no other", () => {
  const wanted = Object.entries(EVENTS)
    .filter(([, { stream }]) => stream === "account")
    .flatMap(([type, { versions }]) => versions.map((_, i) => `${type}V${i + 1}`));
  const { accountEvents } = document.channels;
  const { address, parameters } = accountEvents;
  expect(address.replace("{prefix}", parameters.prefix.default)).toBe(TOPICS.accountEvents);
  expect(Object.keys(accountEvents.messages)).toEqual(wanted);
});

test("what is open over HTTP is open in the document, under its path", () => {
  const open = Object.values(publicOperations as Record<string, Operation>)
    .filter(({ open }) => open === true)
    .map(({ path }) => path);
  const paths = Object.values<{ address: string }>(document.channels).map((one) => one.address);
  expect(paths.filter((path) => path.startsWith("/")).sort()).toEqual(open.sort());
});

test("its schemas are those of the released files", () => {
  for (const [file, { $schema, $id, title, description, ...schema }] of schemaDocuments()) {
    const [, type, version] = /^(?:events\/)?(\w+)\.v(\d)\.json$/.exec(file) ?? [];
    const name = type === "envelope" ? "Envelope" : `${type}V${version}`;
    expect(document.components.schemas[name]).toEqual(JSON.parse(JSON.stringify(schema)));
  }
});

test("a golden event is a line of the log by the document; with another type it is none", () => {
  const ajv = new Ajv2020({ strict: false, formats: { "date-time": true, date: true } });
  ajv.addSchema(document, "document");
  const isLine = ajv.compile({ $ref: "document#/components/messages/LogLine/payload" });
  for (const { envelope } of golden) {
    expect(isLine(envelope), ajv.errorsText(isLine.errors)).toBe(true);
  }
  const [{ envelope } = expect.fail("no golden event")] = golden.filter(({ type }) => {
    return type === "MoneyDeposited";
  });
  expect(isLine({ ...envelope, type: "MoneyWithdrawn" })).toBe(false);
  expect(isLine({ ...envelope, type: "MoneyPrinted" })).toBe(false);
});

test("every message of the topic shows events of a real log", () => {
  for (const [name, { examples }] of Object.entries<{ examples?: { payload: object }[] }>(
    document.components.messages,
  )) {
    if (/V\d+$/.test(name)) expect(examples?.[0]?.payload, name).toBeTypeOf("object");
  }
});

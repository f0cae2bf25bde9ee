import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import canonicalize from "canonicalize";
import { describe, expect, test } from "vitest";
import { goldenEvents } from "../src/events/golden.ts";
import { EVENTS, type EventType, newestVersion, readEvent } from "../src/index.ts";

const SCHEMAS = resolve(import.meta.dirname, "../schemas");
const golden = goldenEvents();
const ajv = new Ajv2020({ strict: false, formats: { "date-time": true, date: true } });
const validatorOf = (file: string) => {
  return ajv.compile({ ...JSON.parse(readFileSync(resolve(SCHEMAS, file), "utf8")), $id: file });
};
const isEnvelope = validatorOf("envelope.v1.json");

test("every released version of every event type has a golden event", () => {
  const found = new Set(golden.map(({ type, schemaVersion }) => `${type}.v${schemaVersion}`));
  const released = Object.entries(EVENTS).flatMap(([type, { versions }]) => {
    return versions.map((_, i) => `${type}.v${i + 1}`);
  });
  expect([...found].sort()).toEqual(released.sort());
});

describe.each(golden.map((event) => [event.type, event.schemaVersion, event] as const))(
  "the golden %s in version %i",
  (type, schemaVersion, { envelope, line }) => {
    test("fits the files of its envelope and of its version", () => {
      expect(envelope).toMatchObject({ type, schemaVersion });
      expect(isEnvelope(envelope), ajv.errorsText(isEnvelope.errors)).toBe(true);
      const isData =
        ajv.getSchema(file(type, schemaVersion)) ?? validatorOf(file(type, schemaVersion));
      expect(isData(envelope.data), ajv.errorsText(isData.errors)).toBe(true);
    });

    test("is read as the newest version", () => {
      const event = readEvent(envelope);
      expect(event).toMatchObject({ type, schemaVersion: newestVersion(type as EventType) });
      expect(event.meta).toEqual(envelope.meta);
    });

    test("has its data and meta in canonical JSON, to the byte", () => {
      expect(line).toContain(`"data":${canonicalize(envelope.data)},"meta":`);
      expect(line).toContain(`"meta":${canonicalize(envelope.meta)},"recordedAt":`);
    });
  },
);

function file(type: string, version: number): string {
  return `events/${type}.v${version}.json`;
}

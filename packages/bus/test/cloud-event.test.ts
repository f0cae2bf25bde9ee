import { EventHeaders } from "@countinghouse/contracts";
import { CloudEvent, Kafka } from "cloudevents";
import { Compile } from "typebox/compile";
import { expect, test } from "vitest";
import { fromRecord, partitionOf, type RawRecord, toRecord } from "../src/index.ts";
import { createEventMaker } from "./support/events.ts";

const STREAM = "0198f3d2-0000-8001-8000-000000000001";
const events = createEventMaker(7).next(STREAM, 6);

/** As a client hands it out. */
function received(record: ReturnType<typeof toRecord>): RawRecord {
  const headers = Object.entries(record.headers).map(([name, text]) => [name, Buffer.from(text)]);
  return {
    key: Buffer.from(record.key),
    value: Buffer.from(record.value),
    headers: Object.fromEntries(headers),
  };
}

test("an envelope comes back from its record to the last byte", () => {
  for (const event of events) {
    expect(JSON.stringify(fromRecord(received(toRecord(event))))).toBe(JSON.stringify(event));
  }
});

test("the headers of a record are those of the contract, and all of them", () => {
  const isHeaders = Compile(EventHeaders);
  for (const { headers } of events.map(toRecord)) {
    expect([...isHeaders.Errors(headers)]).toEqual([]);
    const known = Object.keys(EventHeaders.properties);
    expect(Object.keys(headers).filter((name) => !known.includes(name))).toEqual([]);
  }
});

test("the record is what the CloudEvents library reads as a valid event of version 1.0", () => {
  for (const event of events) {
    const { key, value, headers } = toRecord(event);
    const message = { key, value, body: value, headers: { ...headers }, timestamp: "0" };
    expect(Kafka.isEvent(message)).toBe(true);
    const read = Kafka.toEvent(message) as CloudEvent<unknown>;
    expect(read.validate()).toBe(true);
    expect(read).toMatchObject({
      specversion: "1.0",
      id: event.eventId,
      type: event.type,
      source: "/countinghouse/ledgers/7",
      subject: STREAM,
      time: event.recordedAt,
      datacontenttype: "application/json",
      dataschema: "urn:countinghouse:event:MoneyDeposited:1",
      ledger: "7",
      position: String(event.position),
      streamversion: String(event.version),
      schemaversion: "1",
      correlationid: event.meta.correlationId,
      data: event.data,
    });
    expect(read.causationid).toBe(event.meta.causationId);
    expect(read.traceparent).toBe(event.meta.traceparent);
  }
});

test("the record has the headers that the CloudEvents library would write", () => {
  for (const event of events) {
    const { key, value, headers } = toRecord(event);
    const read = Kafka.toEvent({
      ...{ key, value, body: value, timestamp: "0" },
      headers: { ...headers },
    }) as CloudEvent<unknown>;
    const written = Kafka.binary(new CloudEvent({ ...read, data: event.data, partitionkey: key }));
    // It adds a ce_datacontenttype, which the binding keeps in content-type alone.
    expect(written.headers).toMatchObject(headers);
    expect(written.key).toBe(key);
  }
});

function without(name: string): RawRecord {
  const [event] = events;
  const record = received(toRecord(event as NonNullable<typeof event>));
  const { [name]: _, ...headers } = record.headers ?? {};
  return { ...record, headers };
}

function changed(name: string, ...texts: string[]): RawRecord {
  const record = without("");
  const [only = Buffer.of(), ...more] = texts.map((text) => Buffer.from(text));
  return {
    ...record,
    headers: { ...record.headers, [name]: more.length ? [only, ...more] : only },
  };
}

test.each([
  ["no headers at all", { key: null, value: Buffer.from("{}") }],
  ["another specversion", changed("ce_specversion", "0.3")],
  ["no id", without("ce_id")],
  ["an id that is no UUID", changed("ce_id", "4711")],
  ["no type", without("ce_type")],
  ["no subject", without("ce_subject")],
  ["a subject that is no UUID", changed("ce_subject", "me")],
  ["a position that is no number", changed("ce_position", "1e3")],
  ["a position that is too large", changed("ce_position", "90071992547409930")],
  ["a version of zero", changed("ce_streamversion", "0")],
  ["no ledger", without("ce_ledger")],
  ["an actor that is no object", changed("ce_actor", "[]")],
  ["an actor that is no JSON", changed("ce_actor", "me")],
  ["a time that is none", changed("ce_time", "2026-13-01T00:00:00.000Z")],
  ["a header given twice", changed("ce_id", STREAM, STREAM)],
  ["no value", { ...without(""), value: null }],
  ["a value that is no JSON", { ...without(""), value: Buffer.from("{") }],
  ["a value that is no object", { ...without(""), value: Buffer.from("null") }],
] as [string, RawRecord][])("a record with %s is unreadable", (_, record) => {
  expect(() => fromRecord(record)).toThrow(
    expect.objectContaining({ code: "unreadable_record", retryable: false }),
  );
});

/** Of Kafka's own UtilsTest: murmur2 of a text. */
const MURMUR2: readonly (readonly [string, number])[] = [
  ["21", -973_932_308],
  ["foobar", -790_332_482],
  ["a-little-bit-long-string", -985_981_536],
  ["a-little-bit-longer-string", -1_486_304_829],
  ["lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58_897_971],
  ["abc", 479_470_107],
];

test.each(MURMUR2)("the partition of %s is where Kafka's own clients look for it", (key, hash) => {
  for (const partitions of [1, 3, 12, 50]) {
    expect(partitionOf(key, partitions)).toBe((hash & 0x7fffffff) % partitions);
  }
});

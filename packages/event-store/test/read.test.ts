import { randomUUID } from "node:crypto";
import type { Envelope } from "@countinghouse/contracts";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { LogSlice } from "../src/index.ts";
import { change, decision, openLog, type TestLog } from "./support/log.ts";

const [A, B, MARK] = [randomUUID(), randomUUID(), randomUUID()];

let log: TestLog;
/** Positions 1 to 7: A1 B1 A2 B2 (an Other) A3 MARK1 A4 (an Other). */
beforeAll(async () => {
  log = await openLog();
  await log.owner.query("INSERT INTO ledger.log_head (ledger_id, name) VALUES (2, 'second')");
  for (const step of [
    change(A, 0),
    change(B, 0),
    change(A, 1),
    change(B, 1, { type: "Other" }),
    change(A, 2),
    change(MARK, 0, { category: "transfer" }),
    change(A, 3, { type: "Other" }),
  ]) {
    await log.store.append([decision([step])]);
  }
});
afterAll(() => log.close());

const ALL = { ledger: 1, after: 0, limit: 100 };

const SLICES: [what: string, slice: LogSlice, positions: number[]][] = [
  ["everything", ALL, [1, 2, 3, 4, 5, 6, 7]],
  ["what comes after a position, exclusive", { ...ALL, after: 5 }, [6, 7]],
  ["what comes up to a position, inclusive", { ...ALL, after: 2, upTo: 4 }, [3, 4]],
  ["no more than the limit, the first ones", { ...ALL, after: 1, limit: 2 }, [2, 3]],
  ["nothing after the last", { ...ALL, after: 7 }, []],
  ["nothing of a range that is empty", { ...ALL, after: 4, upTo: 4 }, []],
  ["a stream", { ...ALL, stream: A }, [1, 3, 5, 7]],
  ["a stream after one of its events", { ...ALL, stream: A, after: 3 }, [5, 7]],
  ["a stream after an event of another", { ...ALL, stream: A, after: 4 }, [5, 7]],
  ["a stream up to a position", { ...ALL, stream: A, after: 1, upTo: 5 }, [3, 5]],
  ["a stream, no more than the limit", { ...ALL, stream: A, after: 2, limit: 1 }, [3]],
  ["a type", { ...ALL, type: "Other" }, [4, 7]],
  ["a type of a stream", { ...ALL, type: "Other", stream: A }, [7]],
  ["nothing of an unknown stream", { ...ALL, stream: randomUUID() }, []],
  ["nothing of an unknown type", { ...ALL, type: "other" }, []],
  ["nothing of an empty ledger", { ...ALL, ledger: 2 }, []],
  ["nothing of a ledger that is not there", { ...ALL, ledger: 99 }, []],
];

test.each(SLICES)("a read gives %s", async (_, slice, positions) => {
  const lines = await log.reader.readLines(slice);
  expect(lines.map(({ position }) => position)).toEqual(positions);
});

describe("an envelope", () => {
  test("has these fields in this order, and its line is one line", async () => {
    const [line] = await log.reader.readLines({ ...ALL, limit: 1 });
    const envelope = JSON.parse(line?.json ?? "") as Envelope;
    expect(Object.keys(envelope)).toEqual([
      ...["position", "eventId", "streamId", "version", "type", "schemaVersion", "data", "meta"],
      "recordedAt",
    ]);
    const { eventId, meta, recordedAt } = envelope;
    expect(eventId).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab]/);
    expect(meta).toMatchObject({ ledger: 1, correlationId: "c", actor: { roles: ["customer"] } });
    expect(recordedAt).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    expect(line?.json).not.toContain("\n");
    expect(line).toMatchObject({ streamId: A, type: "Happened" });
  });

  test("stays one line where somebody has written a line break past the append", async () => {
    const [first] = await log.reader.readLines({ ...ALL, limit: 1 });
    // As an owner who takes the wall down.
    await log.owner.query("ALTER TABLE ledger.events DISABLE TRIGGER USER");
    const sql = "UPDATE ledger.events SET data = $1::json WHERE ledger_id = 1 AND position = 1";
    await log.owner.query(sql, ['{"nth":1,\n\r"text":"ž 🐎"}']);
    const [line] = await log.reader.readLines({ ...ALL, limit: 1 });
    expect(line?.json).not.toMatch(/[\r\n]/);
    expect(JSON.parse(line?.json ?? "")).toEqual(JSON.parse(first?.json ?? ""));
  });

  test("is the same to both readings", async () => {
    const lines = await log.reader.readLines(ALL);
    const envelopes = await log.reader.read(ALL);
    expect(lines.map(({ json }) => JSON.parse(json))).toEqual(envelopes);
  });
});

test("the heads are those of all ledgers, empty ones too", async () => {
  expect(await log.reader.heads()).toEqual([
    { ledger: 1, position: 7 },
    { ledger: 2, position: 0 },
  ]);
});

test("the categories are those of the streams that are there, in this ledger", async () => {
  const wanted = [A, MARK, randomUUID()];
  const expected = new Map(Object.entries({ [A]: "account", [MARK]: "transfer" }));
  expect(await log.reader.categoriesOf(1, wanted)).toEqual(expected);
  expect(await log.reader.categoriesOf(2, wanted)).toEqual(new Map());
  expect(await log.reader.categoriesOf(1, [])).toEqual(new Map());
});

test("a ledger is there or not", async () => {
  const found = await Promise.all([1, 2, 3, 0].map((ledger) => log.store.ledgerExists(ledger)));
  expect(found).toEqual([true, true, false, false]);
});

import { randomUUID } from "node:crypto";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createEventStore, migrateLedger, VersionConflictError } from "../src/index.ts";
import { change, decision, eventsOf, headOf, openLog, type TestLog } from "./support/log.ts";

const WRITERS = 8;
const APPENDS = 40;

let log: TestLog;
beforeAll(async () => {
  log = await openLog();
});
afterAll(() => log.close());

describe("an append", () => {
  test("numbers the events of several streams in the order of the decisions", async () => {
    const [a, b] = [randomUUID(), randomUUID()];
    const before = await headOf(log);
    await log.store.append([
      decision([change(a, 0), change(b, 0, { count: 2 })]),
      decision([]),
      decision([change(a, 1)]),
    ]);
    expect(await eventsOf(log, a)).toEqual([
      [1, before + 1],
      [2, before + 4],
    ]);
    expect(await headOf(log)).toBe(before + 4);
  });

  test("keeps the fold of each stream, of the last decision that changed it", async () => {
    const streamId = randomUUID();
    await log.store.append([
      decision([change(streamId, 0)]),
      decision([change(streamId, 1, { count: 3 })]),
    ]);
    const found = await log.store.load([{ ledger: 1, streamId }]);
    expect(found.get(streamId)).toEqual({
      category: "account",
      version: 4,
      state: { version: 4 },
      stateSchema: 1,
    });
  });

  test("keeps an answer byte for byte, by its caller and key", async () => {
    const made = decision([], {}, "k");
    await log.store.append([made]);
    const { scope } = made.answer;
    const keys = [
      { scope, key: "k" },
      ...[
        { scope, key: "l" },
        { scope: randomUUID(), key: "k" },
      ],
    ];
    expect(await log.store.findAnswers(keys)).toEqual([made.answer]);
    expect(await log.store.findAnswers([])).toEqual([]);
  });

  test("of nothing does nothing", async () => {
    const before = await headOf(log);
    await log.store.append([]);
    expect(await headOf(log)).toBe(before);
  });
});

test("many writers of two processes leave positions without a gap, as time goes", async () => {
  const connectionString = log.databases.urlOf("ledger", "countinghouse_command");
  const pool = new pg.Pool({ connectionString, max: 4 });
  const other = createEventStore(pool);
  const writer = async (n: number) => {
    const store = n % 2 ? log.store : other;
    const streamId = randomUUID();
    for (let i = 0; i < APPENDS; i += 1) await store.append([decision([change(streamId, i)])]);
  };
  const before = await headOf(log);
  await Promise.all(Array.from({ length: WRITERS }, (_, n) => writer(n)));
  const events = await log.reader.read({ ledger: 1, after: before, limit: 10_000 });
  expect(events.map(({ position }) => position)).toEqual(
    Array.from({ length: WRITERS * APPENDS }, (_, i) => before + i + 1),
  );
  const times = events.map(({ recordedAt }) => recordedAt);
  expect(times).toEqual(times.toSorted());
  await pool.end();
});

test("the time of an event is not before that of the one before, though the clock is", async () => {
  const ahead = "2099-01-01T00:00:00.000Z";
  await log.owner.query("INSERT INTO ledger.log_head (ledger_id, name) VALUES (3, 'third')");
  await log.owner.query("UPDATE ledger.log_head SET recorded_at = $1 WHERE ledger_id = 3", [ahead]);
  await log.store.append([decision([change(randomUUID(), 0, { ledger: 3 })], { ledger: 3 })]);
  const [event] = await log.reader.read({ ledger: 3, after: 0, limit: 1 });
  expect(event?.recordedAt).toBe(ahead);
});

test("[S43] of many writers who decided on the same version one succeeds", async () => {
  const streamId = randomUUID();
  const tries = Array.from({ length: 20 }, () =>
    log.store.append([decision([change(streamId, 0)])]),
  );
  const outcomes = await Promise.allSettled(tries);
  const failed = outcomes.filter(({ status }) => status === "rejected");
  expect(failed).toHaveLength(19);
  for (const { reason } of failed as PromiseRejectedResult[]) {
    expect(reason).toBeInstanceOf(VersionConflictError);
  }
  expect(await eventsOf(log, streamId)).toHaveLength(1);
});

describe("under the lock of a head", () => {
  test("a decision made on what was loaded there does not conflict", async () => {
    const streamId = randomUUID();
    await log.store.append([decision([change(streamId, 0)])]);
    const add = () => {
      return log.store.locked([1], async (session) => {
        const found = await session.load([{ ledger: 1, streamId }]);
        await session.append([decision([change(streamId, found.get(streamId)?.version ?? 0)])]);
      });
    };
    await Promise.all(Array.from({ length: 10 }, add));
    expect(await eventsOf(log, streamId)).toHaveLength(11);
  });

  test("what throws leaves nothing behind and lets go of the lock", async () => {
    const streamId = randomUUID();
    const work = log.store.locked([1], async (session) => {
      await session.append([decision([change(streamId, 0)])]);
      throw new Error("changed my mind");
    });
    await expect(work).rejects.toThrow("changed my mind");
    expect(await eventsOf(log, streamId)).toEqual([]);
    await log.store.append([decision([change(streamId, 0)])]);
  });

  test("an unknown ledger is refused", async () => {
    const work = log.store.locked([1, 99], async () => {});
    await expect(work).rejects.toMatchObject({ code: "unknown_ledger" });
  });
});

describe("two ledgers", () => {
  beforeAll(async () => {
    await log.owner.query("INSERT INTO ledger.log_head (ledger_id, name) VALUES (2, 'second')");
  });

  test("[S42] a decision on both is one commit, with one answer", async () => {
    const [here, there] = [randomUUID(), randomUUID()];
    const both = decision([change(here, 0), change(there, 0, { ledger: 2 })]);
    await log.store.append([both]);
    expect(await headOf(log, 2)).toBe(1);
    expect(await eventsOf(log, there)).toEqual([[1, 1]]);
    const { scope, key } = both.answer;
    expect(await log.store.findAnswers([{ scope, key }])).toHaveLength(1);
  });

  test("[S42] a conflict in one leaves nothing in the other", async () => {
    const [here, there] = [randomUUID(), randomUUID()];
    const before = [await headOf(log, 1), await headOf(log, 2)];
    const both = decision([change(here, 0), change(there, 3, { ledger: 2 })]);
    await expect(log.store.append([both])).rejects.toBeInstanceOf(VersionConflictError);
    expect([await headOf(log, 1), await headOf(log, 2)]).toEqual(before);
  });

  test("a key used in one ledger is taken in the other", async () => {
    const key = randomUUID();
    await log.store.append([decision([], {}, key)]);
    const again = log.store.append([decision([], { ledger: 2 }, key)]);
    await expect(again).rejects.toMatchObject({ code: "key_taken" });
  });

  test("commands to and fro between them do not block each other for ever", async () => {
    const streams = [randomUUID(), randomUUID()];
    const move = async (i: number) => {
      const ledgers = i % 2 ? [1, 2] : [2, 1];
      await log.store.locked(ledgers, async (session) => {
        const refs = streams.map((streamId, n) => ({ ledger: n + 1, streamId }));
        const found = await session.load(refs);
        const changes = refs.map(({ ledger, streamId }) => {
          return change(streamId, found.get(streamId)?.version ?? 0, { ledger });
        });
        await session.append([decision(changes)]);
      });
    };
    await Promise.all(Array.from({ length: 20 }, (_, i) => move(i)));
    for (const streamId of streams) expect(await eventsOf(log, streamId)).toHaveLength(20);
  });
});

describe("reading", () => {
  test("gives the very bytes of data and meta, from a position on, up to a limit", async () => {
    const streamId = randomUUID();
    const after = await headOf(log);
    await log.store.append([decision([change(streamId, 0, { count: 5 })])]);
    const lines = await log.reader.readLines({ ledger: 1, after: after + 1, limit: 3 });
    expect(lines.map(({ position }) => position - after)).toEqual([2, 3, 4]);
    expect(lines[0]?.json).toContain('"data":{"nth":2,"text":"ž 🐎"}');
    expect(lines[0]?.json).toContain('"meta":{"actor":{"roles":["customer"],"userId":"');
  });

  test("filters by stream and by type", async () => {
    const streamId = randomUUID();
    await log.store.append([decision([change(streamId, 0), change(randomUUID(), 0)])]);
    await log.store.append([decision([change(streamId, 1, { type: "Other" })])]);
    const base = { ledger: 1, after: 0, limit: 10, stream: streamId };
    expect(await log.reader.read(base)).toHaveLength(2);
    expect(await log.reader.read({ ...base, type: "Other" })).toHaveLength(1);
    expect(await log.reader.read({ ...base, ledger: 2 })).toEqual([]);
  });

  test("a transfer is found by its id, by its debit only", async () => {
    const transferId = randomUUID();
    const leg = (type: string, streamId: string) => {
      const events = [{ type, schemaVersion: 1, data: { transferId } }];
      return change(streamId, 0, { events });
    };
    const legs = [leg("TransferSent", randomUUID()), leg("TransferReceived", randomUUID())];
    await log.store.append([decision(legs)]);
    expect((await log.store.findTransfer(1, transferId))?.type).toBe("TransferSent");
    expect(await log.store.findTransfer(2, transferId)).toBeUndefined();
    expect(await log.store.findTransfer(1, randomUUID())).toBeUndefined();
  });

  test("the events of a stream come in order, to fold them anew", async () => {
    const streamId = randomUUID();
    await log.store.append([decision([change(streamId, 0, { count: 4 })])]);
    const events = await log.store.eventsOf({ ledger: 1, streamId });
    expect(events.map(({ data }) => data.nth)).toEqual([1, 2, 3, 4]);
  });
});

test("migrating again changes nothing", async () => {
  const before = await headOf(log);
  await migrateLedger(log.databases.ownerUrl("ledger"));
  expect(await headOf(log)).toBe(before);
});

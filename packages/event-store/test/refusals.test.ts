import { randomUUID } from "node:crypto";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { assertDurable, createEventStore } from "../src/index.ts";
import { change, decision, eventsOf, headOf, openLog, type TestLog } from "./support/log.ts";

let log: TestLog;
beforeAll(async () => {
  log = await openLog();
});
afterAll(() => log.close());

/** A stream with one event. */
async function aStream(): Promise<string> {
  const streamId = randomUUID();
  await log.store.append([decision([change(streamId, 0)])]);
  return streamId;
}

async function expectNothingNew(work: () => Promise<unknown>, code: string): Promise<void> {
  const before = await headOf(log);
  await expect(work()).rejects.toMatchObject({ code });
  expect(await headOf(log)).toBe(before);
}

describe("what the append refuses, leaving nothing", () => {
  test.each([0, 2, 7])("a stream at version 1 that was decided on at %i", async (version) => {
    const streamId = await aStream();
    const append = () => log.store.append([decision([change(streamId, version)])]);
    await expectNothingNew(append, "version_conflict");
    expect(await eventsOf(log, streamId)).toHaveLength(1);
  });

  test("a stream that is not there, decided on at version 1", async () => {
    const append = () => log.store.append([decision([change(randomUUID(), 1)])]);
    await expectNothingNew(append, "version_conflict");
  });

  test("a conflict, and keeps the connection for the next append", async () => {
    const connectionString = log.databases.urlOf("ledger", "countinghouse_command");
    const pool = new pg.Pool({ connectionString, max: 1 });
    const backend = async () => (await pool.query("SELECT pg_backend_pid() AS pid")).rows[0].pid;
    const [streamId, pid] = [await aStream(), await backend()];
    const store = createEventStore(pool);
    await expectNothingNew(
      () => store.append([decision([change(streamId, 0)])]),
      "version_conflict",
    );
    await store.append([decision([change(streamId, 1)])]);
    expect(await backend()).toBe(pid);
    await pool.end();
  });

  test("[S42] half a transfer: with one leg in conflict neither is written", async () => {
    const [from, to] = [await aStream(), await aStream()];
    const legs = [change(from, 1), change(to, 5)];
    await expectNothingNew(() => log.store.append([decision(legs)]), "version_conflict");
    expect(await eventsOf(log, from)).toHaveLength(1);
  });

  test("a whole batch for one conflict in it", async () => {
    const [one, other] = [randomUUID(), await aStream()];
    const batch = [decision([change(one, 0)]), decision([change(other, 9)])];
    await expectNothingNew(() => log.store.append(batch), "version_conflict");
    expect(await eventsOf(log, one)).toEqual([]);
  });

  test("a key that has an answer, and the events with it", async () => {
    const [key, streamId] = [randomUUID(), randomUUID()];
    await log.store.append([decision([], {}, key)]);
    const append = () => log.store.append([decision([change(streamId, 0)], {}, key)]);
    await expectNothingNew(append, "key_taken");
    expect(await eventsOf(log, streamId)).toEqual([]);
  });

  test("a refusal that was decided on another version than there is", async () => {
    const streamId = await aStream();
    const read = { ledger: 1, streamId };
    const stale = () => log.store.append([decision([], { reads: [{ ...read, version: 0 }] })]);
    await expectNothingNew(stale, "version_conflict");
    await log.store.append([decision([], { reads: [{ ...read, version: 1 }] })]);
  });

  test("a ledger that is not there", async () => {
    const streamId = randomUUID();
    const elsewhere = decision([change(streamId, 0, { ledger: 7 })], { ledger: 7 });
    await expect(log.store.append([elsewhere])).rejects.toMatchObject({ code: "unknown_ledger" });
  });

  test("a stream of another category", async () => {
    const streamId = await aStream();
    const other = decision([change(streamId, 1, { category: "transfer" })]);
    await expectNothingNew(() => log.store.append([other]), "version_conflict");
  });
});

/** Calls the function as somebody would who has stolen the command role's password. */
function appendRaw(change: { versions?: number[]; eventStreams?: string[]; streamId?: string }) {
  const { streamId = randomUUID() } = change;
  const { versions = [1], eventStreams = versions.map(() => streamId) } = change;
  const each = <T>(value: T) => versions.map(() => value);
  const values = [
    ...[1, [streamId], ["account"], [0], [versions.length], ["{}"], [1], [], []],
    ...[versions.map(() => randomUUID()), eventStreams, versions, each("T"), each(1)],
    ...[each("{}"), each("{}"), [], [], [], [], [], []],
  ];
  const places = values.map((_, i) => `$${i + 1}`).join(", ");
  return log.command.query(`SELECT * FROM ledger.append(${places})`, values);
}

/** Changes single arguments of a well-formed call, by their place in the function's list. */
async function forge(changes: Readonly<Record<number, unknown>>): Promise<void> {
  const streamId = randomUUID();
  const values: unknown[] = [
    ...[1, [streamId], ["account"], [0], [1], ["{}"], [1], [], []],
    ...[[randomUUID()], [streamId], [1], ["T"], [1], ["{}"], ["{}"]],
    ...[["s"], [streamId], ["{}"], [201], ["{}"], ["t"]],
  ];
  for (const [place, value] of Object.entries(changes)) values[Number(place) - 1] = value;
  const places = values.map((_, i) => `$${i + 1}`).join(", ");
  await log.command.query(`SELECT * FROM ledger.append(${places})`, values);
}

const CRIPPLED: [what: string, changes: Readonly<Record<number, unknown>>][] = [
  ["no ledger", { 1: null }],
  ["a stream without an expected version", { 4: [null] }],
  ["a stream without a version", { 5: [null] }],
  ["an expected version below zero", { 4: [-1], 5: [0], 12: [0] }],
  ["no events for the stream", { 10: [], 11: [], 12: [], 13: [], 14: [], 15: [], 16: [] }],
  ["no event ids", { 10: null }],
  ["fewer event ids than events", { 10: [] }],
  ["more event ids than events", { 10: [randomUUID(), randomUUID()] }],
  ["an event without a version", { 12: [null] }],
  ["an event without a type", { 13: [null] }],
  ["an event without data", { 15: [null] }],
  ["data that is no JSON", { 15: ["{"] }],
  ["more keys than answers", { 18: ["k1", "k2"] }],
  ["more answers than keys", { 17: ["s", "s"], 18: null }],
  ["a key twice", { 17: ["s", "s"], 18: ["k", "k"], 19: ["{}", "{}"], 20: [1, 1] }],
];

test("a call of the append function that is not crippled is taken", async () => {
  await forge({});
});

test.each(CRIPPLED)("the append function leaves nothing of a call with %s", async (_, changes) => {
  const counts = `SELECT (SELECT sum(position) FROM ledger.log_head) AS heads,
    (SELECT count(*) FROM ledger.events) AS events, (SELECT count(*) FROM ledger.streams) AS
    streams, (SELECT count(*) FROM ledger.idempotency) AS answers`;
  const before = await log.owner.query(counts);
  await expect(forge(changes)).rejects.toThrow();
  expect((await log.owner.query(counts)).rows).toEqual(before.rows);
});

describe("what the append function refuses of a forger", () => {
  test("its own call, well formed, is taken", async () => {
    await appendRaw({ versions: [1, 2] });
  });

  const FORGERIES: [what: string, versions: number[]][] = [
    ["a version left out", [1, 3]],
    ["a version twice", [1, 1]],
    ["versions in the wrong order", [2, 1]],
    ["a first version that is not 1", [2, 3]],
  ];
  test.each(FORGERIES)("%s", async (_, versions) => {
    const forge = () => appendRaw({ versions });
    const before = await headOf(log);
    await expect(forge()).rejects.toMatchObject({ code: "CH004" });
    expect(await headOf(log)).toBe(before);
  });

  test("an event of a stream that is not in the call", async () => {
    const forge = appendRaw({ versions: [1], eventStreams: [randomUUID()] });
    await expect(forge).rejects.toMatchObject({ code: "CH004" });
  });
});

const TABLES = ["log_head", "events", "streams", "idempotency"];
const DENIED = "42501";

describe("[S19] what the roles may not do", () => {
  const writes = TABLES.flatMap((table) => [
    `INSERT INTO ledger.${table} SELECT * FROM ledger.${table}`,
    `UPDATE ledger.${table} SET ledger_id = 1`,
    `DELETE FROM ledger.${table}`,
    `TRUNCATE ledger.${table}`,
  ]);
  test.each(writes)("neither command nor relay: %s", async (sql) => {
    await expect(log.command.query(sql)).rejects.toMatchObject({ code: DENIED });
    await expect(log.relay.query(sql)).rejects.toMatchObject({ code: DENIED });
  });

  test("the relay neither appends nor locks nor reads the answers", async () => {
    const tries = [
      "SELECT ledger.lock_head(1)",
      "SELECT * FROM ledger.idempotency",
      "SELECT ledger.append(1,'{}','{}','{}','{}','{}','{}','{}','{}','{}','{}','{}','{}'," +
        "'{}','{}','{}','{}','{}','{}','{}','{}','{}')",
    ];
    for (const sql of tries) {
      await expect(log.relay.query(sql)).rejects.toMatchObject({ code: DENIED });
    }
  });

  test("the command role makes nothing and disables no trigger", async () => {
    const tries = [
      "CREATE TABLE ledger.mine (a int)",
      "CREATE TABLE public.mine (a int)",
      "ALTER TABLE ledger.events DISABLE TRIGGER ALL",
      "DROP TABLE ledger.events",
    ];
    for (const sql of tries) {
      await expect(log.command.query(sql)).rejects.toMatchObject({ code: DENIED });
    }
  });
});

describe("[S45] the past cannot be changed, not even by the owner of the tables", () => {
  const changes = [
    ...["events", "idempotency"].map((table) => `UPDATE ledger.${table} SET ledger_id = 1`),
    ...TABLES.map((table) => `DELETE FROM ledger.${table}`),
    ...TABLES.map((table) => `TRUNCATE ledger.${table}`),
  ];
  test.each(changes)("%s", async (sql) => {
    await expect(log.owner.query(sql)).rejects.toMatchObject({ code: "CH005" });
  });
});

const SETTINGS: [where: string, sql: (database: string) => string][] = [
  ["database", (database) => `ALTER DATABASE ${database}`],
  ["role", (database) => `ALTER ROLE countinghouse_command IN DATABASE ${database}`],
];

test.each(SETTINGS)("a %s that is set to acknowledge too early is refused", async (_, alter) => {
  await assertDurable(log.command);
  const admin = new pg.Client(log.databases.adminUrl("ledger"));
  const connectionString = log.databases.urlOf("ledger", "countinghouse_command");
  await admin.connect();
  const { rows } = await admin.query("SELECT current_database() AS name");
  const setting = `${alter(rows[0].name)} SET synchronous_commit`;
  await admin.query(`${setting} = off`);
  const pool = new pg.Pool({ connectionString, max: 1 });
  await expect(assertDurable(pool)).rejects.toMatchObject({ code: "not_durable" });
  await admin.query(`${setting} TO DEFAULT`);
  await pool.end();
  await admin.end();
});

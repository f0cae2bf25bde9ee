import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { assertDurable } from "../src/index.ts";
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

test("a server that acknowledges before it is durable is refused", async () => {
  await assertDurable(log.command);
  const client = await log.command.connect();
  await client.query("SET synchronous_commit = off");
  const pretending = { query: client.query.bind(client) } as never;
  await expect(assertDurable(pretending)).rejects.toMatchObject({ code: "not_durable" });
  client.release(true);
});

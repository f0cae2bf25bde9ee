import { createLogger, createPool, type Scope } from "@countinghouse/service-kit";
import { sql } from "kysely";
import type pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createStatementNames } from "../src/prepared.ts";
import { createReadAs } from "../src/reader.ts";
import { asAdmin } from "./support/database.ts";
import { OTHER_OWNER, OWNER } from "./support/fake-log.ts";
import { type Serving, serving } from "./support/service.ts";

let world: Serving;
let pool: pg.Pool;
const own: Scope = { kind: "own", userId: OWNER };

beforeAll(async () => {
  world = await serving();
  world.log.open();
  await world.catchUp();
  const logger = createLogger("query", { LOG_LEVEL: "silent" });
  // One connection: whoever reads comes after someone else.
  pool = createPool(world.database.reader, "query", logger, { pipeline: true, max: 1 });
});
afterAll(async () => {
  await pool.end();
  await world.end();
});

test("columns that are added while the service reads disturb no query", async () => {
  const ask = () => Promise.all(Array.from({ length: 20 }, () => world.owner("/v1/accounts")));
  await ask();
  await asAdmin(world.database, "ALTER TABLE read.accounts ADD COLUMN added int");
  const answers = await ask();
  await asAdmin(world.database, "ALTER TABLE read.accounts DROP COLUMN added");
  const later = await ask();
  expect(new Set([...answers, ...later].map(({ status }) => status))).toEqual(new Set([200]));
});

test("a read sees one snapshot, and answers statements begun together in their order", async () => {
  const readAs = createReadAs(pool);
  const now = sql<{ at: Date; n: number }>`select now() as at, 1 as n`;
  const [first, second] = await readAs(own, async (tx) => {
    const both = [now.execute(tx), sql<{ n: number }>`select 2 as n`.execute(tx)] as const;
    const [a, b] = await Promise.all(both);
    expect([a.rows[0]?.n, b.rows[0]?.n]).toEqual([1, 2]);
    return [a.rows[0]?.at, (await now.execute(tx)).rows[0]?.at];
  });
  expect(second).toEqual(first);
});

test("[S14] a scope ends with its read, also with one that fails", async () => {
  const readAs = createReadAs(pool);
  const mine = await readAs(own, (tx) => tx.selectFrom("accounts").selectAll().execute());
  expect(mine).toHaveLength(1);
  await expect(readAs(own, (tx) => sql`select 1 / 0`.execute(tx))).rejects.toThrow("zero");
  const other = { kind: "own", userId: OTHER_OWNER } as const;
  const theirs = await readAs(other, (tx) => tx.selectFrom("accounts").selectAll().execute());
  expect(theirs).toEqual([]);
  const { rows } = await pool.query("SELECT * FROM read.accounts");
  expect(rows).toEqual([]);
});

test("a read cannot write", async () => {
  const write = createReadAs(pool)(own, (tx) => sql`create temp table t ()`.execute(tx));
  await expect(write).rejects.toThrow("read-only");
});

test("only so many statements are kept parsed", () => {
  const names = createStatementNames();
  const all = Array.from({ length: 300 }, (_, i) => names.of(`select ${i}`));
  expect(new Set(all.filter((name) => name !== undefined)).size).toBe(200);
  expect(names.of("select 0")).toBe(all[0]);
  expect(names.of("select 299")).toBeUndefined();
  names.renew();
  expect(names.of("select 0")).not.toBe(all[0]);
});

import { createLogger } from "@countinghouse/service-kit";
import pg from "pg";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createReadAs, createReadPool } from "../src/reader.ts";
import { load } from "../src/rebuild/load.ts";
import { rebuild } from "../src/rebuild/rebuild.ts";
import { createShadow } from "../src/rebuild/shadow.ts";
import { rollBack, switchOver } from "../src/rebuild/switch.ts";
import { verify } from "../src/rebuild/verify.ts";
import { bankOn } from "./support/banking-events.ts";
import { asAdmin } from "./support/database.ts";
import { OTHER_OWNER, OWNER } from "./support/fake-log.ts";
import { differencesFromLog } from "./support/fold-of-log.ts";
import { fillLog, type Rebuilding, rebuilding } from "./support/rebuilding.ts";

let world: Rebuilding;
let ids: string[];

beforeEach(async () => {
  world = await rebuilding();
  ids = fillLog(world.log);
  await world.catchUp();
});
afterEach(async () => {
  await world.end();
});

const check = (shownMax = 20) => verify(world.deps, { shownMax, patienceMs: 300 });

async function differing(): Promise<Record<string, number>> {
  const found = await check();
  return Object.fromEntries(found.map((one) => [one.table, one.differing]));
}

const ALL_EQUAL = {
  ...{ accounts: 0, entries: 0, daily_balances: 0, journal: 0, gl_daily: 0 },
  ...{ holds: 0, proposals: 0, cards: 0 },
};

const differences = () => differencesFromLog(world.database.projector, world.log.events);

/** What is planted in the live tables, and what verify says of it. */
const PLANTED: Record<string, [sql: string, table: string, found: object]> = {
  "a balance that is wrong": [
    `UPDATE read.accounts SET balance_minor = 123456789012345678901 WHERE account_id = '$0'`,
    "accounts",
    { kind: "changed", found: { balance_minor: "123456789012345678901" } },
  ],
  "an amount that is wrong": [
    "UPDATE read.entries SET amount_minor = 1 WHERE account_id = '$0' AND version = 3",
    "entries",
    { kind: "changed", key: { version: "3" }, found: { amount_minor: "1" } },
  ],
  "a reference that is gone": [
    "UPDATE read.entries SET reference = NULL WHERE account_id = '$0' AND version = 3",
    "entries",
    { kind: "changed", expected: { reference: "\\N" }, found: { reference: null } },
  ],
  "an entry that is missing": [
    "DELETE FROM read.entries WHERE account_id = '$0' AND version = 2",
    "entries",
    { kind: "missing", key: { version: "2" }, expected: { amount_minor: "1000" }, found: {} },
  ],
  "a day that is not in the log": [
    `INSERT INTO read.daily_balances VALUES ('$0', '2027-01-01', '${OWNER}', 7)`,
    "daily_balances",
    { kind: "too_many", key: { day: "2027-01-01" }, found: { closing_minor: "7" } },
  ],
  "a line of the journal with its sides exchanged": [
    `UPDATE read.journal SET debit_account = credit_account, credit_account = debit_account
     WHERE position = 3`,
    "journal",
    { kind: "changed", key: { ledger: "1", position: "3" } },
  ],
  "a total that is off by one": [
    `UPDATE read.gl_daily SET debits_minor = debits_minor + 1
     WHERE (day, gl_account, currency) = (SELECT day, gl_account, currency FROM read.gl_daily
       ORDER BY 1, 2, 3 LIMIT 1)`,
    "gl_daily",
    { kind: "changed" },
  ],
  "an account that is missing": [
    "DELETE FROM read.accounts WHERE account_id = '$0'",
    "accounts",
    { kind: "missing" },
  ],
};

test("what is rebuilt is what the live tables are", async () => {
  await rebuild(world.deps);
  expect(await differing()).toEqual(ALL_EQUAL);
  expect((await check()).map(({ rows }) => rows)).toEqual([6, 60, 10, 60, 15, 0, 0, 0]);
});

test("holds, proposals and cards are rebuilt, and compared", async () => {
  bankOn(world.log, OWNER);
  const later = bankOn(world.log, OTHER_OWNER);
  await world.catchUp();
  await rebuild(world.deps);
  expect(await differing()).toEqual(ALL_EQUAL);
  const rows = (await check()).map(({ table, rows }) => [table, rows]);
  expect(Object.fromEntries(rows)).toMatchObject({ holds: 8, proposals: 12, cards: 4 });
  later.card("activate", "cancel");
  await world.catchUp();
  await asAdmin(world.database, "UPDATE read.holds SET status = 'active' WHERE status = 'expired'");
  expect(await differing()).toEqual({ ...ALL_EQUAL, holds: 2 });
  await switchOver(world.deps);
  expect(await differences()).toEqual([]);
});

for (const [what, [sql, table, found]] of Object.entries(PLANTED)) {
  test(`[S45] ${what} is found, named, and mended by a switch`, async () => {
    await rebuild(world.deps);
    await asAdmin(world.database, sql.replace("$0", ids[0] ?? ""));
    expect(await differing()).toEqual({ ...ALL_EQUAL, [table]: 1 });
    const [difference] = (await check()).flatMap(({ first }) => first);
    expect(difference).toMatchObject({ table, ...found });
    await switchOver(world.deps);
    expect(await differences()).toEqual([]);
  });
}

test("only the first differences are shown, and all are counted", async () => {
  await rebuild(world.deps);
  await asAdmin(world.database, "UPDATE read.entries SET amount_minor = amount_minor + 1");
  const entries = (await check(3)).find(({ table }) => table === "entries");
  expect(entries).toMatchObject({ rows: 60, differing: 60 });
  expect(entries?.first).toHaveLength(3);
});

test("events after a rebuild are in it when it is compared, and when it is live", async () => {
  await rebuild(world.deps);
  world.log.deposit(ids[0] ?? "", "3.00");
  await world.catchUp();
  expect(await differing()).toEqual(ALL_EQUAL);
  world.log.deposit(ids[0] ?? "", "4.00");
  await world.catchUp();
  await switchOver(world.deps);
  world.log.deposit(ids[0] ?? "", "5.00");
  await world.catchUp();
  expect(await differences()).toEqual([]);
  expect(world.told.repeated).toBe(0);
});

test("live tables that are behind the log are shown, and a switch brings them up", async () => {
  world.log.deposit(ids[0] ?? "", "3.00");
  await rebuild(world.deps);
  expect(await differing()).toMatchObject({ accounts: 1, entries: 1, journal: 1 });
  await switchOver(world.deps);
  expect(await differences()).toEqual([]);
  await world.catchUp();
  expect(world.told.repeated).toBe(1);
});

test("a rollback brings the tables of before back, with what has happened since", async () => {
  await rebuild(world.deps);
  await asAdmin(world.database, "UPDATE read.accounts SET name = 'planted'");
  await switchOver(world.deps);
  world.log.deposit(ids[1] ?? "", "3.00");
  await world.catchUp();
  await rollBack(world.deps);
  const lines = await differences();
  expect(lines.length).toBeGreaterThan(0);
  for (const line of lines) expect(line).toMatch(/^accounts .* planted/);
  await switchOver(world.deps);
  expect(await differences()).toEqual([]);
});

test("nothing is switched to that is not there, not complete, or of another release", async () => {
  await expect(switchOver(world.deps)).rejects.toThrow("There are no rebuilt tables.");
  await expect(rollBack(world.deps)).rejects.toThrow("There are no tables of before a switch.");
  await expect(check()).rejects.toThrow("There are no rebuilt tables.");
  const owner = new pg.Client(world.database.owner);
  await owner.connect();
  await createShadow(owner);
  await expect(switchOver(world.deps)).rejects.toThrow("not complete");
  await owner.query(
    `COMMENT ON SCHEMA read_next IS '{"isReady":true,"migrations":["0000-of-old"]}'`,
  );
  await owner.end();
  await expect(switchOver(world.deps)).rejects.toThrow("of another release");
  expect(await differences()).toEqual([]);
});

test("a log that lacks an event is not rebuilt from", async () => {
  world.log.events.splice(10, 1);
  await expect(rebuild(world.deps)).rejects.toThrow(/lacks events|has a gap/);
  await expect(switchOver(world.deps)).rejects.toThrow("not complete");
});

test("[S14] rebuilt tables have the walls and the rights of those before", async () => {
  await rebuild(world.deps);
  const facts = async () => {
    const { rows } = await asAdmin(world.database, FACTS);
    return rows;
  };
  const before = await facts();
  await switchOver(world.deps);
  expect(await facts()).toEqual(before);
  expect(before.length).toBeGreaterThan(15);
});

const FACTS = `
  SELECT relname, relkind::text, relrowsecurity, relforcerowsecurity, relacl::text, reloptions,
    pg_get_userbyid(relowner) AS owner, pg_get_indexdef(c.oid) AS index,
    (SELECT array_agg(pol.polname || ' ' || coalesce(pg_get_expr(pol.polqual, pol.polrelid), '')
       ORDER BY 1) FROM pg_policy AS pol WHERE pol.polrelid = c.oid) AS policies,
    (SELECT array_agg(pg_get_constraintdef(con.oid) ORDER BY 1) FROM pg_constraint AS con
       WHERE con.conrelid = c.oid) AS constraints
  FROM pg_class AS c WHERE relnamespace = 'read'::regnamespace ORDER BY relname`;

test("an account that cannot be applied is parked in the rebuilt tables, too", async () => {
  const id = ids[2] ?? "";
  world.log.append(id, "AccountGilded", {});
  world.log.deposit(ids[3] ?? "", "1");
  await world.catchUp();
  const { parked } = await rebuild(world.deps);
  expect(parked.map(({ place }) => place.accountId)).toEqual([id]);
  expect(await differing()).toEqual(ALL_EQUAL);
  await switchOver(world.deps);
  const { rows } = await asAdmin(world.database, "SELECT account_id FROM read.parked_accounts");
  expect(rows).toEqual([{ account_id: id }]);
});

test("accounts that do not fit into memory are written and fetched again", async () => {
  const writers = [new pg.Client(world.database.owner), new pg.Client(world.database.owner)];
  const [rows, lines] = writers as [pg.Client, pg.Client];
  await Promise.all(writers.map((writer) => writer.connect()));
  await createShadow(rows);
  bankOn(world.log, OWNER);
  const limits = { pageEvents: 7, heldMax: 3 };
  await load({ writers: { rows, lines }, log: world.deps.log, limits });
  await rows.query("ALTER SCHEMA read RENAME TO read_previous");
  await rows.query("ALTER SCHEMA read_next RENAME TO read");
  expect(await differences()).toEqual([]);
  await rows.query("ALTER SCHEMA read RENAME TO read_next");
  await rows.query("ALTER SCHEMA read_previous RENAME TO read");
  await Promise.all(writers.map((writer) => writer.end()));
});

test("a rate is kept to", async () => {
  const began = performance.now();
  await rebuild(world.deps, { rate: 200 });
  expect(performance.now() - began).toBeGreaterThan((world.log.events.length / 200) * 1000);
});

test("readers and writers go on while the tables are exchanged, and never see less", async () => {
  const { log, database } = world;
  const id = ids[0] ?? "";
  const pool = createReadPool(database.reader, createLogger("query", { LOG_LEVEL: "silent" }));
  const readAs = createReadAs(pool);
  let isOver = false;
  const writing = (async () => {
    while (!isOver) {
      log.deposit(id, "1.00");
      await world.catchUp();
    }
  })();
  const versions: number[] = [];
  const reading = (async () => {
    while (!isOver) {
      const seen = await readAs({ kind: "any" }, async (tx) => {
        const account = tx.selectFrom("accounts").select("version").where("account_id", "=", id);
        const entry = tx.selectFrom("entries").select("version").where("account_id", "=", id);
        return [
          await account.executeTakeFirstOrThrow(),
          await entry.orderBy("version", "desc").executeTakeFirstOrThrow(),
        ];
      });
      expect(seen[1]?.version).toBe(seen[0]?.version);
      versions.push(seen[0]?.version ?? 0);
    }
  })();
  for (let i = 0; i < 3; i += 1) {
    await rebuild(world.deps);
    expect(await differing()).toEqual(ALL_EQUAL);
    await switchOver(world.deps);
  }
  isOver = true;
  await Promise.all([writing, reading]);
  await pool.end();
  expect(versions).toEqual([...versions].sort((a, b) => a - b));
  expect(versions.length).toBeGreaterThan(20);
  expect(await differencesFromLog(database.projector, log.events)).toEqual([]);
}, 60_000);

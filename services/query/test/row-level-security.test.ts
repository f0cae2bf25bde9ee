import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { bankOn } from "./support/banking-events.ts";
import { OTHER_OWNER, OWNER } from "./support/fake-log.ts";
import { type Projecting, projecting } from "./support/projecting.ts";

const CUSTOMER_TABLES = ["accounts", "entries", "daily_balances", "holds", "cards"];
const BANK_TABLES = ["journal", "gl_daily", "proposals"];
let world: Projecting;
let [reader, projector, owner]: pg.Client[] = [];

beforeAll(async () => {
  world = await projecting();
  for (const of of [OWNER, OTHER_OWNER]) {
    bankOn(world.log, of);
  }
  await world.catchUp();
  const { database } = world;
  const clients = [database.reader, database.projector, database.owner].map((url) => {
    return new pg.Client(url);
  });
  for (const client of clients) await client.connect();
  [reader, projector, owner] = clients;
});
afterAll(async () => {
  for (const client of [reader, projector, owner]) await client?.end();
  await world.end();
});

async function count(client: pg.Client | undefined, table: string, settings = {}): Promise<number> {
  if (client === undefined) throw new Error("not connected");
  await client.query("BEGIN");
  try {
    for (const [name, value] of Object.entries(settings)) {
      await client.query("SELECT set_config($1, $2, true)", [name, value]);
    }
    const { rows } = await client.query(`SELECT count(*)::int AS n FROM read.${table}`);
    return rows[0].n;
  } finally {
    await client.query("ROLLBACK");
  }
}

for (const table of [...CUSTOMER_TABLES, ...BANK_TABLES]) {
  test(`[S14] a reader who has set nothing sees no row of ${table}`, async () => {
    expect(await count(reader, table)).toBe(0);
    expect(await count(reader, table, { "app.scope": "own" })).toBe(0);
    expect(await count(reader, table, { "app.scope": "own", "app.subject": "" })).toBe(0);
  });

  test(`[S14] the owner of ${table} sees no row either`, async () => {
    expect(await count(owner, table, { "app.scope": "any", "app.subject": OWNER })).toBe(0);
  });
}

for (const table of CUSTOMER_TABLES) {
  test(`[S14] a reader sees the rows of ${table} of its subject, in its scope`, async () => {
    const own = { "app.scope": "own", "app.subject": OWNER };
    const all = await count(reader, table, { "app.scope": "any" });
    expect(await count(reader, table, own)).toBe(all / 2);
    expect(all).toBeGreaterThan(0);
    const nobody = { ...own, "app.subject": "99999999-9999-4999-8999-999999999999" };
    expect(await count(reader, table, nobody)).toBe(0);
  });
}

for (const table of BANK_TABLES) {
  test(`[S14] ${table} is for those who may see all`, async () => {
    expect(await count(reader, table, { "app.scope": "own", "app.subject": OWNER })).toBe(0);
    expect(await count(reader, table, { "app.scope": "any" })).toBeGreaterThan(0);
  });
}

test("[S14] a setting ends with its transaction", async () => {
  expect(await count(reader, "accounts", { "app.scope": "any" })).toBe(2);
  expect(await count(reader, "accounts")).toBe(0);
});

test("a reader writes nothing, and a projector deletes no row of a customer", async () => {
  for (const table of [...CUSTOMER_TABLES, ...BANK_TABLES, "cursors", "parked_accounts"]) {
    await expect(reader?.query(`DELETE FROM read.${table}`)).rejects.toMatchObject({
      code: "42501",
    });
    await expect(reader?.query(`INSERT INTO read.${table} DEFAULT VALUES`)).rejects.toMatchObject({
      code: "42501",
    });
    if (table === "parked_accounts") continue;
    await expect(projector?.query(`DELETE FROM read.${table}`)).rejects.toMatchObject({
      code: "42501",
    });
  }
});

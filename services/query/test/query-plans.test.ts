import type { Scope } from "@countinghouse/service-kit";
import { CompiledQuery, Kysely, PostgresDialect } from "kysely";
import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { findAccount, listAccounts } from "../src/projections/accounts/queries.ts";
import { listClosings } from "../src/projections/daily-balances/queries.ts";
import { lastEntryAt, listEntries } from "../src/projections/entries/queries.ts";
import { lastJournalEntry, trialBalanceAt } from "../src/projections/general-ledger/queries.ts";
import { readAs } from "../src/reader.ts";
import { READ_SCHEMA, type Tables, type Tx } from "../src/tables.ts";
import { freshDatabase, type TestDatabase } from "./support/database.ts";
import { OWNER } from "./support/fake-log.ts";

const ACCOUNT = "00000000-0000-8001-8000-000000000001";
const MANY = `
INSERT INTO read.accounts
SELECT ('00000000-0000-8001-8000-' || lpad(n::text, 12, '0'))::uuid,
       md5((n % 5000)::text)::uuid, 1, 'checking', NULL, 'EUR', 'open', 0, 1, n, now(), now()
  FROM generate_series(1, 20000) AS n;
UPDATE read.accounts SET owner_id = '${OWNER}' WHERE account_id = '${ACCOUNT}';
INSERT INTO read.entries
SELECT account_id, v, owner_id, account_id, 'deposit', 'credit', v, v, NULL, NULL, 'May',
       '2026-01-01'::timestamptz + v * interval '1 hour'
  FROM read.accounts, generate_series(2, 6) AS v;
INSERT INTO read.entries
SELECT '${ACCOUNT}', v, '${OWNER}', '${ACCOUNT}', 'deposit', 'credit', v, v, NULL, NULL, 'May',
       '2026-01-02'::timestamptz + v * interval '1 hour'
  FROM generate_series(7, 5000) AS v;
INSERT INTO read.daily_balances
SELECT account_id, '2026-01-01'::date + d, owner_id, 0
  FROM read.accounts, generate_series(1, 3) AS d;
INSERT INTO read.journal
SELECT 1, n, '2026-01-01'::timestamptz + n * interval '1 minute', 'EUR', 'a', 'b', 1
  FROM generate_series(1, 50000) AS n;
ANALYZE read.accounts, read.entries, read.daily_balances, read.journal;`;

let database: TestDatabase;
let kysely: Kysely<Tables>;
let statements: CompiledQuery[] = [];

beforeAll(async () => {
  database = await freshDatabase();
  const admin = new pg.Client(database.admin);
  await admin.connect();
  await admin.query(MANY);
  await admin.end();
  const pool = new pg.Pool({ connectionString: database.reader });
  kysely = new Kysely<Tables>({
    dialect: new PostgresDialect({ pool }),
    log({ query }) {
      statements.push(query);
    },
  });
});
afterAll(async () => {
  await kysely.destroy();
  database.release();
});

/** Runs a query as the service does, and gives the plans of the statements it made. */
async function plansOf(scope: Scope, work: (tx: Tx) => Promise<unknown>): Promise<string> {
  return readAs(kysely.withSchema(READ_SCHEMA), scope, async (tx) => {
    statements = [];
    await work(tx);
    const plans: string[] = [];
    for (const { sql, parameters } of [...statements]) {
      const { rows } = await tx.executeQuery<Record<"QUERY PLAN", string>>(
        CompiledQuery.raw(`EXPLAIN ${sql}`, [...parameters]),
      );
      plans.push(...rows.map((row) => row["QUERY PLAN"]));
    }
    return plans.join("\n");
  });
}

const own: Scope = { kind: "own", userId: OWNER };
const any: Scope = { kind: "any" };
const history = { account_id: ACCOUNT, currency: "EUR" };
const at = new Date("2026-02-01T00:00:00.000Z");
const from = at.toISOString();
const key = { recordedAtMs: at.valueOf(), version: 700 };

const QUERIES: Record<string, [Scope, (tx: Tx) => Promise<unknown>, index: string]> = {
  "an account": [own, (tx) => findAccount(tx, own, ACCOUNT), "accounts_of_owner"],
  "an account, to staff": [any, (tx) => findAccount(tx, any, ACCOUNT), "accounts_pkey"],
  "own accounts": [own, (tx) => listAccounts(tx, own, ACCOUNT, 51), "accounts_of_owner"],
  "all accounts": [any, (tx) => listAccounts(tx, any, ACCOUNT, 51), "accounts_pkey"],
  "a first page": [own, (tx) => listEntries(tx, history, {}, undefined, 51), "entries_in_time"],
  "a later page": [own, (tx) => listEntries(tx, history, {}, key, 51), "entries_in_time"],
  "a page of some time": [
    own,
    (tx) => listEntries(tx, history, { from, q: "no" }, undefined, 51),
    "entries_in_time",
  ],
  "a page of a type": [
    own,
    (tx) => listEntries(tx, history, { type: "fee" }, key, 51),
    "entries_of_type",
  ],
  "a past balance": [own, (tx) => lastEntryAt(tx, ACCOUNT, at), "entries_in_time"],
  "closing balances": [
    own,
    (tx) => listClosings(tx, ACCOUNT, "2026-01-02", "2026-02-01"),
    "daily_balances_pkey",
  ],
  "a past trial balance": [any, (tx) => trialBalanceAt(tx, at), "journal_in_time"],
  "the last journal entry": [any, (tx) => lastJournalEntry(tx), "journal_in_time"],
};

for (const [what, [scope, work, index]] of Object.entries(QUERIES)) {
  test(`[S39] ${what} is found by an index, under row-level security`, async () => {
    const plan = await plansOf(scope, work);
    expect(plan).toContain(index);
    expect(plan).not.toMatch(/Seq Scan on (accounts|entries|daily_balances|journal)/);
  });
}

import { createLogger, type Scope } from "@countinghouse/service-kit";
import { CompiledQuery, type KyselyPlugin, type QueryId, type RootOperationNode } from "kysely";
import type pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import * as accounts from "../src/projections/accounts/queries.ts";
import * as cards from "../src/projections/cards/queries.ts";
import * as dailyBalances from "../src/projections/daily-balances/queries.ts";
import * as entries from "../src/projections/entries/queries.ts";
import * as generalLedger from "../src/projections/general-ledger/queries.ts";
import * as holds from "../src/projections/holds/queries.ts";
import * as proposals from "../src/projections/proposals/queries.ts";
import { createReadAs, createReadPool, type ReadAs } from "../src/reader.ts";
import * as statements from "../src/statements/read.ts";
import type { Tx } from "../src/tables.ts";
import { asAdmin, freshDatabase, type TestDatabase } from "./support/database.ts";
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
INSERT INTO read.gl_daily
SELECT '2020-01-01'::date + d, account, 'EUR', 1, 1
  FROM generate_series(1, 2500) AS d, unnest(ARRAY['a', 'b', 'c']) AS account;
INSERT INTO read.holds
SELECT account_id, account_id, owner_id, 'EUR', 1, 0, 'active', '2026-01-01',
       '2026-01-01'::timestamptz + position * interval '1 hour', NULL, NULL FROM read.accounts;
INSERT INTO read.cards
SELECT account_id, account_id, owner_id, '4242', 'visa', '2029-11', 'active', 1 FROM read.accounts;
INSERT INTO read.proposals
SELECT account_id, account_id, '{}', CASE position % 100 WHEN 0 THEN 'open' ELSE 'approved' END,
       owner_id, now(), NULL, NULL FROM read.accounts;
ANALYZE;`;

let database: TestDatabase;
let pool: pg.Pool;
let readAs: ReadAs;

beforeAll(async () => {
  database = await freshDatabase();
  await asAdmin(database, MANY);
  pool = createReadPool(database.reader, createLogger("query", { LOG_LEVEL: "silent" }));
  readAs = createReadAs(pool);
});
afterAll(async () => {
  await pool.end();
  database.release();
});

/** Notes what queries ask of the database. */
function recorder(nodes: RootOperationNode[]): KyselyPlugin {
  return {
    transformQuery({ node }) {
      nodes.push(node);
      return node;
    },
    transformResult: async ({ result }) => result,
  };
}

/** Runs a query as the service does, and gives the plans of the statements it made. */
async function plansOf(scope: Scope, work: (tx: Tx) => Promise<unknown>): Promise<string> {
  return readAs(scope, async (tx) => {
    const nodes: RootOperationNode[] = [];
    await work(tx.withPlugin(recorder(nodes)) as Tx);
    const plans: string[] = [];
    for (const node of nodes) {
      const queryId: QueryId = { queryId: "explained" };
      const { sql, parameters } = tx.getExecutor().compileQuery(node, queryId);
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
const { findAccount, getAccount, listAccounts, overdueIn } = accounts;
const { getCard, listCards } = cards;
const { getHold, listHolds, overdueHolds } = holds;
const { listProposals } = proposals;
const { balancesBefore, lastEntryAt, listEntries, listNext } = entries;
const { listClosings } = dailyBalances;
const { readEntries, sumUpMonth } = statements;
const { lastJournalEntry, trialBalanceAt, trialBalanceOfAll } = generalLedger;

type Case = [
  what: string,
  query: unknown,
  scope: Scope,
  work: (tx: Tx) => Promise<unknown>,
  index: string,
];

const CASES: Case[] = [
  ["an account", findAccount, own, (tx) => findAccount(tx, own, ACCOUNT), "accounts_of_owner"],
  ["an account, to staff", getAccount, any, (tx) => getAccount(tx, any, ACCOUNT), "accounts_pkey"],
  ["accounts", listAccounts, own, (tx) => listAccounts(tx, own, ACCOUNT, 51), "accounts_of_owner"],
  ["all accounts", listAccounts, any, (tx) => listAccounts(tx, any, ACCOUNT, 51), "accounts_pkey"],
  page("a first page", {}, undefined),
  page("a later page", {}, key),
  page("a page of some time", { from, q: "no" }, undefined),
  page("a page of a type", { type: "fee" }, key, "entries_of_type"),
  [
    "balances at some moments",
    ...([balancesBefore, own] as const),
    (tx) => balancesBefore(tx, ACCOUNT, [at, new Date("2026-02-02T00:00:00.000Z")]),
    "entries_in_time",
  ],
  ["a past balance", lastEntryAt, own, (tx) => lastEntryAt(tx, ACCOUNT, at), "entries_in_time"],
  [
    "what streams are sent",
    ...([listNext, any] as const),
    (tx) => listNext(tx, Array(100).fill({ accountId: ACCOUNT, after: 4_000 }), 50),
    "entries_pkey",
  ],
  [
    "closing balances",
    ...([listClosings, own] as const),
    (tx) => listClosings(tx, ACCOUNT, "2026-01-02", "2026-02-01"),
    "daily_balances_pkey",
  ],
  ["overdue holds", overdueHolds, own, (tx) => overdueHolds(tx, [ACCOUNT], at), "holds_"],
  ["what an account's holds had set aside", overdueIn, own, overdue, "holds_"],
  ["a hold", getHold, own, (tx) => getHold(tx, own, ACCOUNT), "holds_pkey"],
  ["holds", listHolds, own, (tx) => listHolds(tx, ACCOUNT, undefined, 51), "holds_"],
  ["a card", getCard, own, (tx) => getCard(tx, own, ACCOUNT), "cards_"],
  ["cards", listCards, own, (tx) => listCards(tx, own, undefined, 51), "cards_of_owner"],
  ["all cards", listCards, any, (tx) => listCards(tx, any, ACCOUNT, 51), "cards_pkey"],
  ["proposals", listProposals, any, (tx) => listProposals(tx, undefined, ACCOUNT, 51), "_pkey"],
  [
    "proposals of a status",
    ...([listProposals, any] as const),
    (tx) => listProposals(tx, "open", undefined, 51),
    "proposals_of_status",
  ],
  ["the sums of a month", sumUpMonth, own, sumUp, "entries_in_time"],
  ["the entries of a month", readEntries, own, readMonth, "entries_pkey"],
  ["a past trial balance", trialBalanceAt, any, (tx) => trialBalanceAt(tx, at), "journal_in_time"],
  // As long as the days, whatever happens on them: read whole, and nothing but it.
  ["the trial balance", trialBalanceOfAll, any, trialBalanceOfAll, "Seq Scan on gl_daily"],
  ["the last journal entry", lastJournalEntry, any, lastJournalEntry, "journal_in_time"],
];

async function overdue(tx: Tx): Promise<unknown> {
  return overdueIn(tx, [{ ...(await getAccount(tx, own, ACCOUNT)), held_minor: "1" }], at);
}

async function sumUp(tx: Tx): Promise<unknown> {
  return sumUpMonth(tx, await getAccount(tx, own, ACCOUNT), "UTC", "2026-02");
}

async function readMonth(tx: Tx): Promise<void> {
  const account = await getAccount(tx, own, ACCOUNT);
  const month = { firstVersion: 4_000, lastVersion: 4_100 };
  for await (const _ of readEntries((_, work) => work(tx), own, account, month));
}

function page(
  what: string,
  filter: entries.EntryFilter,
  before: entries.EntryKey | undefined,
  index = "entries_in_time",
): Case {
  return [what, listEntries, own, (tx) => listEntries(tx, history, filter, before, 51), index];
}

test.each(CASES)("[S39] %s: found by an index, under row-level security", async (...row) => {
  const [, , scope, work, index] = row;
  const plan = await plansOf(scope, work);
  expect(plan).toContain(index);
  expect(plan).not.toMatch(/Seq Scan on (?!gl_daily)/);
});

test("[S39] no query of the service is left out here", () => {
  const all = [
    ...[accounts, cards, dailyBalances, entries, generalLedger],
    ...[holds, proposals, statements],
  ].flatMap((one) => {
    return Object.values(one).filter((query) => /\b(tx|readAs)\b/.test(String(query)));
  });
  expect(all.length).toBeGreaterThan(8);
  expect(new Set(CASES.map(([, query]) => query))).toEqual(new Set(all));
});

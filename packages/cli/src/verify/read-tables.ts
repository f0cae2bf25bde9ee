import type { Account } from "@countinghouse/contracts";
import { moneyText } from "@countinghouse/domain";
import type pg from "pg";
import { type Check, Faults } from "./check.ts";

/** How far an account's history goes in the read tables. */
export interface ShownHistory {
  readonly version: number;
  readonly entries: number;
}

/** What the read tables show, in one view of them. */
export interface Shown {
  readonly accounts: readonly Account[];
  readonly histories: ReadonlyMap<string, ShownHistory>;
  /** What can be told without the log. */
  readonly checks: readonly Check[];
}

/** Reads the read tables as the role that writes them. */
export async function readShown(client: pg.Client): Promise<Shown> {
  await client.query("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
  const accounts = await client.query(ACCOUNTS);
  const broken = await client.query(RUNNING);
  const books = await client.query(BOOKS);
  const parked = await client.query(PARKED);
  await client.query("COMMIT");
  const rows: readonly Row[] = accounts.rows;
  const [running, balanced, waiting] = [new Faults(), new Faults(), new Faults()];
  for (const { id, version } of broken.rows) {
    running.add(`account ${id}: the balance at version ${version} does not follow`);
  }
  for (const { currency, debits, credits } of books.rows) {
    balanced.add(`${currency}: debits ${debits}, credits ${credits}`);
  }
  for (const { id, version, reason } of parked.rows) {
    waiting.add(`account ${id} waits at version ${version}: ${reason}`);
  }
  const seen = `${rows.length} accounts`;
  return {
    accounts: rows.map(accountOf),
    histories: new Map(rows.map(({ id, version, entries }) => [id, { version, entries }])),
    checks: [
      running.check("read tables", "running balances follow from each other", seen),
      balanced.check("read tables", "debits are credits, in every currency", seen),
      waiting.check("read tables", "no account waits for an operator", seen),
    ],
  };
}

interface Row {
  readonly id: string;
  readonly owner: string;
  readonly type: Account["type"];
  readonly name: string | null;
  readonly currency: string;
  readonly status: Account["status"];
  readonly balance: string;
  readonly available: string;
  readonly version: number;
  readonly entries: number;
  readonly opened: Date;
  readonly updated: Date;
}

function accountOf(row: Row): Account {
  const { id, owner, type, name, currency, status, version, opened, updated } = row;
  return {
    ...{ accountId: id, ownerId: owner, type, name, currency, status },
    balance: moneyText(BigInt(row.balance), currency),
    available: moneyText(BigInt(row.available), currency),
    ...{ version, openedAt: opened.toISOString(), updatedAt: updated.toISOString() },
  };
}

const ACCOUNTS = `
  SELECT a.account_id AS id, owner_id AS owner, type, name, currency, status, version,
         balance_minor AS balance, balance_minor - held_minor + overdraft_minor AS available,
         opened_at AS opened, updated_at AS updated, coalesce(e.entries, 0)::float8 AS entries
    FROM read.accounts a
    LEFT JOIN (SELECT account_id, count(*) AS entries FROM read.entries GROUP BY account_id) e
      USING (account_id)`;

const RUNNING = `
  SELECT account_id AS id, version FROM (
    SELECT account_id, version, balance_after_minor
           - coalesce(lag(balance_after_minor) OVER (PARTITION BY account_id ORDER BY version), 0)
           - CASE direction WHEN 'credit' THEN amount_minor ELSE -amount_minor END AS rest
      FROM read.entries) AS steps
   WHERE rest <> 0 ORDER BY account_id, version`;

const BOOKS = `
  SELECT currency, sum(debits_minor) AS debits, sum(credits_minor) AS credits
    FROM read.gl_daily GROUP BY currency HAVING sum(debits_minor) <> sum(credits_minor)`;

const PARKED = `
  SELECT account_id AS id, version, reason FROM read.parked_accounts ORDER BY parked_at`;

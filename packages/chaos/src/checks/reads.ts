import pg from "pg";
import type { Folded } from "./fold.ts";

interface AccountRow {
  readonly id: string;
  readonly version: number;
  readonly balance: string;
  readonly held: string;
}

interface EntryRow {
  readonly id: string;
  readonly version: number;
  readonly amount: string;
  readonly after: string;
  readonly direction: string;
}

/**
 * What in the read tables is not the fold of the log; nothing is expected of poisoned accounts but
 * that they wait. They may be behind the log: then ask again.
 */
export async function differencesInReads(
  adminUrl: string,
  accounts: ReadonlyMap<string, Folded>,
  poisoned: ReadonlySet<string>,
): Promise<string[]> {
  const url = new URL(adminUrl);
  url.pathname = "/countinghouse_query";
  const client = new pg.Client(url.href);
  client.on("error", () => undefined);
  await client.connect();
  try {
    const shown = await client.query<AccountRow>(ACCOUNTS);
    const entries = await client.query<EntryRow>(ENTRIES);
    const books = await client.query(BOOKS);
    const parked = await client.query("SELECT account_id AS id, reason FROM read.parked_accounts");
    const isExpected = ({ id }: { id: string }) => !poisoned.has(id);
    return [
      ...accountsDiffer(shown.rows.filter(isExpected), accounts),
      ...entriesDiffer(entries.rows, accounts),
      ...books.rows.map(({ currency }) => `the books of ${currency} are out of balance`),
      ...parked.rows
        .filter(isExpected)
        .map(({ id, reason }) => `account ${id} is parked: ${reason}`),
    ];
  } finally {
    await client.end().catch(() => undefined);
  }
}

function accountsDiffer(
  rows: readonly AccountRow[],
  accounts: ReadonlyMap<string, Folded>,
): string[] {
  const wrong = rows.flatMap(({ id, version, balance, held }) => {
    const account = accounts.get(id);
    const sum = [...(account?.holds.values() ?? [])].reduce((all, one) => all + one, 0n);
    const is = `${version} ${balance} ${held}`;
    const was = `${account?.version} ${account?.balance} ${sum}`;
    return is === was ? [] : [`account ${id}: version, balance and holds ${is}, not ${was}`];
  });
  return rows.length === accounts.size
    ? wrong
    : [...wrong, `${rows.length} accounts, not ${accounts.size}`];
}

function entriesDiffer(rows: readonly EntryRow[], accounts: ReadonlyMap<string, Folded>): string[] {
  const shown = new Map<string, string[]>();
  for (const { id, version, amount, after, direction } of rows) {
    const list = shown.get(id) ?? [];
    list.push(`${version} ${direction} ${amount} ${after}`);
    shown.set(id, list);
  }
  return [...accounts].flatMap(([id, { postings }]) => {
    const wanted = postings.map(({ version, isDebit, amount, after }) => {
      return `${version} ${isDebit ? "debit" : "credit"} ${amount} ${after}`;
    });
    const is = shown.get(id) ?? [];
    const at = wanted.findIndex((line, i) => line !== is[i]);
    if (at < 0 && is.length === wanted.length) return [];
    const [has, had] = [is[at] ?? is[wanted.length], wanted[at]];
    return [`history of ${id}: ${is.length} entries of ${wanted.length}; ${has}, not ${had}`];
  });
}

const ACCOUNTS = `
  SELECT account_id AS id, version, balance_minor AS balance, held_minor AS held
    FROM read.accounts`;
const ENTRIES = `
  SELECT account_id AS id, version, amount_minor AS amount, balance_after_minor AS after, direction
    FROM read.entries ORDER BY account_id, version`;
const BOOKS = `
  SELECT currency FROM read.gl_daily GROUP BY currency
  HAVING sum(debits_minor) <> sum(credits_minor)`;

import { join } from "node:path";
import pg from "pg";
import type { Canaries, Finding } from "./canaries.ts";
import type { RunningBank } from "./running-bank.ts";

/** Every place where a bank leaves bytes, and what of the canaries is found in each. */
export interface BankAtRest {
  readonly logs: Finding[];
  /** All rows of all tables of all databases, as text. */
  readonly tables: Finding[];
  /** The files of the database server, its write-ahead log among them. */
  readonly disk: Finding[];
}

/** Has the server write down, in plain, every statement that reaches it with its parameters. */
export async function logStatements({ system }: RunningBank): Promise<void> {
  await asAdmin(system.server.adminUrl, "postgres", async (client) => {
    await client.query("ALTER SYSTEM SET log_statement = 'all'");
    await client.query("SELECT pg_reload_conf()");
  });
}

export async function searchAtRest(bank: RunningBank, canaries: Canaries): Promise<BankAtRest> {
  const { adminUrl } = bank.system.server;
  const folder = bank.env.COUNTINGHOUSE_DATA ?? "";
  const databases = await asAdmin(adminUrl, "postgres", async (client) => {
    await client.query("CHECKPOINT");
    const { rows } = await client.query("SELECT datname FROM pg_database WHERE datallowconn");
    return rows.map(({ datname }) => datname as string);
  });
  const dumps: Finding[][] = [];
  for (const database of databases) {
    const dump = await asAdmin(adminUrl, database, dumpOf);
    dumps.push(canaries.findIn(database, dump));
  }
  return {
    tables: dumps.flat(),
    disk: await canaries.findBelow(join(folder, "postgres")),
    logs: await canaries.findBelow(join(folder, "logs")),
  };
}

async function dumpOf(client: pg.Client): Promise<string> {
  const { rows } = await client.query<{ name: string }>(
    `SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables
      WHERE schemaname <> 'information_schema'`,
  );
  const texts: string[] = [];
  for (const { name } of rows) {
    const table = await client.query<{ text: string }>(`SELECT t::text AS text FROM ${name} t`);
    texts.push(...table.rows.map(({ text }) => text));
  }
  return texts.join("\n");
}

async function asAdmin<T>(
  url: string,
  database: string,
  work: (client: pg.Client) => Promise<T>,
): Promise<T> {
  const there = new URL(url);
  there.pathname = `/${database}`;
  const client = new pg.Client(there.href);
  await client.connect();
  return work(client).finally(() => client.end());
}

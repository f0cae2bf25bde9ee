import { createDatabases, type TestDatabases } from "@countinghouse/testing";
import pg from "pg";
import { afterAll } from "vitest";

/** URLs of one database of this service, by who logs in. */
export interface TestDatabase {
  readonly admin: string;
  readonly owner: string;
  readonly reader: string;
  readonly projector: string;
  /** Leaves it to the next test of the file. */
  release(): void;
}

const made: TestDatabases[] = [];
const idle: TestDatabases[] = [];

afterAll(async () => {
  for (const databases of made) await databases.drop();
});

/** A database of this service without rows that no other test uses meanwhile. */
export async function freshDatabase(): Promise<TestDatabase> {
  const databases = idle.pop() ?? (await make());
  const admin = databases.adminUrl("query");
  await empty(admin);
  return {
    admin,
    owner: databases.ownerUrl("query"),
    reader: databases.urlOf("query", "countinghouse_query"),
    projector: databases.urlOf("query", "countinghouse_projector"),
    release: () => idle.push(databases),
  };
}

/** Runs SQL as an administrator of the database. */
export async function asAdmin(database: TestDatabase, sql: string): Promise<pg.QueryResult> {
  const admin = new pg.Client(database.admin);
  await admin.connect();
  try {
    return await admin.query(sql);
  } finally {
    await admin.end();
  }
}

/** Cuts everybody off from the database and lets nobody in while `work` runs. */
export async function withoutDatabase(
  database: TestDatabase,
  work: () => Promise<unknown>,
): Promise<void> {
  const name = new URL(database.admin).pathname.slice(1);
  const admin = new pg.Client(database.admin.replace(/[^/]*$/, "postgres"));
  await admin.connect();
  try {
    await admin.query(`ALTER DATABASE ${name} CONNECTION LIMIT 0`);
    const end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1";
    await admin.query(end, [name]);
    await work();
  } finally {
    await admin.query(`ALTER DATABASE ${name} CONNECTION LIMIT -1`);
    await admin.end();
  }
}

async function make(): Promise<TestDatabases> {
  const databases = await createDatabases();
  made.push(databases);
  return databases;
}

async function empty(adminUrl: string): Promise<void> {
  const admin = new pg.Client(adminUrl);
  await admin.connect();
  try {
    await admin.query(`TRUNCATE read.accounts, read.entries, read.daily_balances, read.journal,
      read.gl_daily, read.holds, read.proposals, read.cards, read.cursors, read.parked_accounts`);
  } finally {
    await admin.end();
  }
}

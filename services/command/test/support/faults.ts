import type { TestDatabases } from "@countinghouse/testing";
import pg from "pg";

/** Holds the head of a ledger, as another writer would, until the given function is called. */
export async function holdHead(owner: pg.Pool, ledger = 1): Promise<() => Promise<void>> {
  const client = await owner.connect();
  await client.query("BEGIN");
  await client.query("SELECT 1 FROM ledger.log_head WHERE ledger_id = $1 FOR UPDATE", [ledger]);
  return async () => {
    await client.query("COMMIT");
    client.release();
  };
}

/** How many connections wait for a lock of the database. */
export async function blocked(owner: pg.Pool): Promise<number> {
  const { rows } = await owner.query(
    `SELECT count(*)::int AS n FROM pg_locks l JOIN pg_stat_activity a USING (pid)
      WHERE NOT l.granted AND a.datname = current_database()`,
  );
  return rows[0].n;
}

/** Ends the connections of the command services, as a failing server would; says how many. */
export async function cutConnections(databases: TestDatabases): Promise<number> {
  const admin = new pg.Client(databases.adminUrl("ledger"));
  await admin.connect();
  const { rowCount } = await admin.query(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE usename = 'countinghouse_command' AND datname = current_database()`,
  );
  await admin.end();
  return rowCount ?? 0;
}

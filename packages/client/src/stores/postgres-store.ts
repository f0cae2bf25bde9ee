import { NotCommittedError } from "../errors.ts";
import type { StoppedAccount } from "../plan.ts";
import type { AccountProgress, Progress, SubscriberStore } from "./store.ts";

type Row = Readonly<Record<string, unknown>>;
interface Result {
  readonly rows: unknown[];
  readonly command: string;
}

/** A client of the package `pg`, or what has these two methods of it. */
export interface PostgresClient {
  query(text: string, values?: unknown[]): Promise<Result>;
  release(error?: boolean): void;
}

/** A pool of the package `pg`, or what has this method of it. */
export interface PostgresPool<Client extends PostgresClient> {
  connect(): Promise<Client>;
}

export interface PostgresStore<Client> extends SubscriberStore<Client> {
  /** Creates the two tables where they are missing. Throws what the database throws. */
  createTables(): Promise<void>;
}

const TABLES = `
  CREATE TABLE IF NOT EXISTS countinghouse_sources (
    subscriber text NOT NULL,
    source text NOT NULL,
    next bigint NOT NULL,
    PRIMARY KEY (subscriber, source)
  );
  CREATE TABLE IF NOT EXISTS countinghouse_accounts (
    subscriber text NOT NULL,
    account_id uuid NOT NULL,
    ledger integer NOT NULL DEFAULT 0,
    version bigint NOT NULL DEFAULT 0,
    position bigint NOT NULL DEFAULT 0,
    stopped json,
    PRIMARY KEY (subscriber, account_id)
  );
  CREATE INDEX IF NOT EXISTS countinghouse_stopped
    ON countinghouse_accounts (subscriber, account_id) WHERE stopped IS NOT NULL;`;
/** One at a time: two that create the same table at once fail. */
const LOCK_TABLES = "SELECT pg_advisory_xact_lock(hashtext('countinghouse_accounts'))";

/**
 * Keeps the progress of a subscriber in the tables `countinghouse_sources` and
 * `countinghouse_accounts` of its own database. `onEvent` gets the client whose transaction is
 * open: what it writes there is committed with the progress or not at all. Processes of one
 * subscriber share a name, different subscribers of one database have different ones.
 */
export function postgresStore<Client extends PostgresClient>(options: {
  readonly pool: PostgresPool<Client>;
  readonly subscriber: string;
}): PostgresStore<Client> {
  const { pool, subscriber } = options;
  const transaction = <T>(work: (client: Client) => Promise<T>) => inTransaction(pool, work);
  return {
    async createTables() {
      await transaction(async (client) => {
        await client.query(LOCK_TABLES);
        await client.query(TABLES);
      });
    },
    async position(source) {
      const text = `SELECT next::text FROM countinghouse_sources
        WHERE subscriber = $1 AND source = $2`;
      const rows = await transaction((client) => select(client, text, [subscriber, source]));
      return BigInt(String(rows[0]?.next ?? 0));
    },
    transaction: (work) => transaction((client) => work(client, progressIn(client, subscriber))),
    async stopped(limit) {
      const text = `SELECT stopped FROM countinghouse_accounts
        WHERE subscriber = $1 AND stopped IS NOT NULL ORDER BY account_id LIMIT $2`;
      const rows = await transaction((client) => select(client, text, [subscriber, limit]));
      return rows.map(({ stopped }) => stopped as StoppedAccount);
    },
  };
}

/** A failed statement turns a COMMIT into a ROLLBACK that reports success: its tag tells. */
async function inTransaction<Client extends PostgresClient, T>(
  pool: PostgresPool<Client>,
  work: (client: Client) => Promise<T>,
): Promise<T> {
  const client = await pool.connect();
  let isBroken = false;
  try {
    await client.query("BEGIN");
    const result = await work(client);
    const { command } = await client.query("COMMIT");
    if (command !== "COMMIT") throw new NotCommittedError(`COMMIT was a ${command}`);
    return result;
  } catch (error) {
    await client.query("ROLLBACK").catch(() => {
      isBroken = true;
    });
    throw error;
  } finally {
    client.release(isBroken);
  }
}

function progressIn(client: PostgresClient, subscriber: string): Progress {
  return {
    async read(accountIds) {
      // In one order everywhere, so that two transactions never wait for each other.
      const ids = [...accountIds].sort();
      const insert = `INSERT INTO countinghouse_accounts (subscriber, account_id)
        SELECT $1, id FROM unnest($2::uuid[]) WITH ORDINALITY AS given (id, place)
        ORDER BY place ON CONFLICT DO NOTHING`;
      await client.query(insert, [subscriber, ids]);
      const text = `SELECT account_id, ledger, version::text, position::text, stopped
        FROM countinghouse_accounts WHERE subscriber = $1 AND account_id = ANY($2::uuid[])
        ORDER BY account_id FOR UPDATE`;
      const rows = await select(client, text, [subscriber, ids]);
      const known = rows.filter(({ version, stopped }) => version !== "0" || stopped !== null);
      return new Map(known.map((row) => [String(row.account_id), accountOf(row)]));
    },
    async write(accounts) {
      const rows = [...accounts].map(([account_id, { ledger, version, position, stopped }]) => {
        return { account_id, ledger, version, position, stopped: stopped ?? null };
      });
      const text = `UPDATE countinghouse_accounts AS account
        SET ledger = given.ledger, version = given.version, position = given.position,
          stopped = given.stopped
        FROM json_to_recordset($2::json) AS given
          (account_id uuid, ledger integer, version bigint, position bigint, stopped json)
        WHERE account.subscriber = $1 AND account.account_id = given.account_id`;
      await client.query(text, [subscriber, JSON.stringify(rows)]);
    },
    async moveTo(source, next) {
      const text = `INSERT INTO countinghouse_sources AS here (subscriber, source, next)
        VALUES ($1, $2, $3) ON CONFLICT (subscriber, source)
        DO UPDATE SET next = greatest(here.next, excluded.next)`;
      await client.query(text, [subscriber, source, String(next)]);
    },
  };
}

async function select(client: PostgresClient, text: string, values: unknown[]): Promise<Row[]> {
  return (await client.query(text, values)).rows as Row[];
}

function accountOf({ ledger, version, position, stopped }: Row): AccountProgress {
  return {
    ledger: Number(ledger),
    version: Number(version),
    position: Number(position),
    ...(stopped !== null && { stopped: stopped as StoppedAccount }),
  };
}

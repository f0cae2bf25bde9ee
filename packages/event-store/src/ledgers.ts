import pg from "pg";

/** A log: its number, its name and how many events it has. */
export interface Ledger {
  readonly ledger: number;
  readonly name: string;
  readonly position: number;
}

/**
 * Begins a new, empty ledger, as the owner role of the log, under the next free number; gives it.
 * Command services take accounts in it at once. Rejects when all 4095 numbers are taken.
 */
export function createLedger(ownerUrl: string, name: string): Promise<Ledger> {
  return asOwner(ownerUrl, async (client) => {
    await client.query("LOCK TABLE ledger.log_head IN SHARE ROW EXCLUSIVE MODE");
    const { rows } = await client.query(
      `INSERT INTO ledger.log_head (ledger_id, name)
       SELECT max(ledger_id) + 1, $1 FROM ledger.log_head
       RETURNING ledger_id AS ledger, name, position::int`,
      [name],
    );
    return rows[0];
  });
}

/** All ledgers, by their numbers. */
export function listLedgers(ownerUrl: string): Promise<Ledger[]> {
  return asOwner(ownerUrl, async (client) => {
    const { rows } = await client.query(
      "SELECT ledger_id AS ledger, name, position::float8 FROM ledger.log_head ORDER BY ledger_id",
    );
    return rows;
  });
}

async function asOwner<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query("BEGIN");
    const result = await work(client);
    await client.query("COMMIT");
    return result;
  } finally {
    await client.end();
  }
}

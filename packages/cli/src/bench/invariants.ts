import pg from "pg";

/** Something that has to hold after every load, and whether it did. */
export interface Invariant {
  readonly rule: string;
  readonly holds: boolean;
  readonly found: string;
}

const COUNTS = `
SELECT h.position::float8 AS head, count(e.position)::float8 AS events,
       coalesce(max(e.position), 0)::float8 AS last,
       count(*) FILTER (WHERE e.type = 'TransferSent')::float8 AS sent,
       count(*) FILTER (WHERE e.type = 'TransferReceived')::float8 AS received
  FROM ledger.log_head h LEFT JOIN ledger.events e USING (ledger_id)
 WHERE ledger_id = 1 GROUP BY h.position`;

/** In cents: the accounts of a benchmark are in euros. */
const MONEY = `
SELECT (SELECT coalesce(sum((data #>> '{amount,value}')::numeric *
                            CASE type WHEN 'MoneyDeposited' THEN 100 ELSE -100 END), 0)::bigint
          FROM ledger.events
         WHERE type IN ('MoneyDeposited', 'MoneyWithdrawn')
           AND data #>> '{amount,currency}' = 'EUR')::text AS came_in,
       (SELECT coalesce(sum((state ->> 'balance')::numeric), 0)
          FROM ledger.streams
         WHERE category = 'account' AND state ->> 'currency' = 'EUR')::text AS is_there`;

const VERSIONS = `
SELECT count(*)::float8 AS wrong FROM (
  SELECT s.version FROM ledger.streams s LEFT JOIN ledger.events e USING (ledger_id, stream_id)
   GROUP BY s.ledger_id, s.stream_id, s.version
  HAVING count(e.version) <> s.version OR max(e.version) IS DISTINCT FROM s.version) AS streams`;

/**
 * Checks the log after all loads: every acknowledged transfer is there (and no other, where every
 * request got an answer), positions and versions are without a gap, no money came or went.
 */
export async function checkInvariants(
  ledgerUrl: string,
  before: number,
  { acknowledged, isComplete }: { readonly acknowledged: number; readonly isComplete: boolean },
): Promise<Invariant[]> {
  const client = new pg.Client({ connectionString: ledgerUrl });
  await client.connect();
  try {
    // A long history takes longer to count than a service may let a statement take.
    await client.query("SET statement_timeout = 0");
    const [counts, money, versions] = [
      (await client.query(COUNTS)).rows[0],
      (await client.query(MONEY)).rows[0],
      (await client.query(VERSIONS)).rows[0],
    ];
    const added = counts.sent - before;
    return [
      {
        rule: "every acknowledged transfer is in the log once",
        holds: isComplete ? added === acknowledged : added >= acknowledged,
        found: `${acknowledged} acknowledged, ${added} in the log`,
      },
      {
        rule: "every transfer has both legs",
        holds: counts.sent === counts.received,
        found: `${counts.sent} sent, ${counts.received} received`,
      },
      {
        rule: "positions have no gap",
        holds: counts.head === counts.events && counts.last === counts.head,
        found: `head ${counts.head}, ${counts.events} events`,
      },
      {
        rule: "versions of every account have no gap",
        holds: versions.wrong === 0,
        found: `${versions.wrong} accounts with one`,
      },
      {
        rule: "no money came or went",
        holds: money.came_in === money.is_there,
        found: `${money.came_in} cents paid in, ${money.is_there} there`,
      },
    ];
  } finally {
    await client.end();
  }
}

/** Events of the first ledger now, all or of one type. */
export async function countEvents(ledgerUrl: string, type?: string): Promise<number> {
  const client = new pg.Client({ connectionString: ledgerUrl });
  await client.connect();
  try {
    const all = "SELECT position::float8 AS count FROM ledger.log_head WHERE ledger_id = 1";
    const some = `SELECT count(*)::float8 AS count FROM ledger.events
                   WHERE ledger_id = 1 AND type = $1`;
    const { rows } = await (type === undefined ? client.query(all) : client.query(some, [type]));
    return rows[0].count;
  } finally {
    await client.end();
  }
}

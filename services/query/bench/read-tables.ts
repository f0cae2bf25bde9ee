// Read tables of any size, as a long log would have made them.
import type { World } from "./world.ts";

export type { World } from "./world.ts";

/** Between two postings of the bank. */
const STEP_MS = 1_000;
const FIRST = "2026-01-01T00:00:00.000Z";

/**
 * Fills the read tables: every account has as many entries, each account's in turn, so that those
 * of one lie far apart. Gives the time that they span.
 */
export async function fillReadTables(
  world: World,
  { accounts, entries }: { accounts: number; entries: number },
): Promise<{ fromMs: number; toMs: number }> {
  const rounds = Math.floor(entries / accounts);
  const { rows } = await world.asAdmin("query", INDEXES);
  await world.asAdmin("query", "ALTER TABLE read.entries DROP CONSTRAINT entries_pkey");
  await world.asAdmin("query", "DROP INDEX read.entries_in_time, read.entries_of_type");
  await world.asAdmin("query", FUNCTIONS);
  await world.asAdmin("query", `SELECT bench.fill(${accounts}, ${rounds}, ${STEP_MS})`);
  for (const { definition } of rows) {
    await world.asAdmin("query", `SET maintenance_work_mem = '512MB'; ${definition}`);
  }
  const key = "ADD CONSTRAINT entries_pkey PRIMARY KEY USING INDEX entries_pkey";
  await world.asAdmin("query", `ALTER TABLE read.entries ${key}`);
  await world.asAdmin("query", TOTALS);
  await world.asAdmin("query", "VACUUM ANALYZE");
  const fromMs = Date.parse(FIRST);
  return { fromMs, toMs: fromMs + accounts * rounds * STEP_MS };
}

const INDEXES = `SELECT indexdef AS definition FROM pg_indexes
  WHERE schemaname = 'read' AND tablename = 'entries'`;

/** Ten years of a bank with six accounts of the general ledger and five currencies. */
const TOTALS = `
INSERT INTO read.gl_daily
SELECT '2016-01-01'::date + d, 'account ' || a, c, 1000, 1000
  FROM generate_series(1, 3650) AS d, generate_series(1, 6) AS a,
    unnest(ARRAY['EUR', 'USD', 'GBP', 'JPY', 'CHF']) AS c`;

const FUNCTIONS = `
CREATE SCHEMA bench;
CREATE FUNCTION bench.account(n bigint) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$
  SELECT ('019ab5f0-7c3e-8001-a000-' || lpad(to_hex(n), 12, '0'))::uuid $$;
CREATE FUNCTION bench.fill(accounts bigint, rounds bigint, step_ms bigint) RETURNS void
LANGUAGE sql AS $$
  INSERT INTO read.accounts
  SELECT bench.account(n), '11111111-1111-4111-8111-111111111111', 1, 'checking', NULL, 'EUR',
    'open', 100 * rounds, rounds + 1, n, '${FIRST}', '${FIRST}'
  FROM generate_series(1, accounts) AS n;
  INSERT INTO read.entries
  SELECT bench.account(n), r + 1, '11111111-1111-4111-8111-111111111111', gen_random_uuid(),
    CASE r % 3 WHEN 0 THEN 'transfer' ELSE 'deposit' END, 'credit', 100, 100 * r,
    CASE r % 3 WHEN 0 THEN bench.account(n % accounts + 1) END, NULL, 'Rent for May',
    '${FIRST}'::timestamptz + ((r - 1) * accounts + n) * step_ms * interval '1 millisecond'
  FROM generate_series(1, rounds) AS r, generate_series(1, accounts) AS n;
  INSERT INTO read.daily_balances
  SELECT bench.account(n), '${FIRST}'::date + d, '11111111-1111-4111-8111-111111111111', 100 * d
  FROM generate_series(0, (accounts * rounds * step_ms / 86400000)::int) AS d,
    generate_series(1, accounts) AS n $$;
`;

import { type Kysely, sql } from "kysely";

/**
 * The ways to schedules, which are in the log already, and a lease for the one process that makes
 * what is due. No index has a column that a change of a stream changes: updates stay in the page.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of [INDEXES, LEASES, TAKE_LEASE, GRANTS]) {
    await sql.raw(statement).execute(db);
  }
}

const INDEXES = `
CREATE INDEX streams_schedules ON ledger.streams (ledger_id, stream_id)
  WHERE category = 'schedule';
CREATE INDEX events_schedules ON ledger.events (ledger_id, position)
  WHERE type = 'TransferScheduled';
CREATE INDEX events_schedules_by_id ON ledger.events (stream_id)
  WHERE type = 'TransferScheduled';
CREATE INDEX events_schedules_of_owner ON ledger.events ((data ->> 'ownerId'), stream_id)
  WHERE type = 'TransferScheduled';
`;

const LEASES = `
-- Nothing in it matters after a crash; writing it waits for no disk.
CREATE UNLOGGED TABLE ledger.leases (
  name       text PRIMARY KEY,
  holder     uuid NOT NULL,
  expires_at timestamptz NOT NULL
) WITH (fillfactor = 50);
`;

/** Takes a lease that is free or over, or keeps one's own for longer; gives whether it is one's. */
const TAKE_LEASE = `
CREATE FUNCTION ledger.take_lease(p_name text, p_holder uuid, p_ms int) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  v_now timestamptz := clock_timestamp();
BEGIN
  INSERT INTO ledger.leases AS l (name, holder, expires_at)
  VALUES (p_name, p_holder, v_now + p_ms * interval '1 millisecond')
  ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, expires_at = excluded.expires_at
   WHERE l.holder = excluded.holder OR l.expires_at < v_now;
  RETURN FOUND;
END $$;
`;

const GRANTS = `
REVOKE ALL ON FUNCTION ledger.take_lease FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ledger.take_lease TO countinghouse_command;
`;

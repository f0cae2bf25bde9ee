import { type Kysely, sql } from "kysely";

/** The keys of commands that are held up, for other processes: docs/adr/0009-keys-in-flight.md. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of [TABLE, ANNOUNCE, GRANTS]) await sql.raw(statement).execute(db);
}

const TABLE = `
-- Nothing in it matters after a crash; writing it waits for no disk.
CREATE UNLOGGED TABLE ledger.in_flight (
  scope   text NOT NULL,
  key     text NOT NULL,
  process uuid NOT NULL,
  since   timestamptz NOT NULL,
  told_at timestamptz NOT NULL,
  PRIMARY KEY (scope, key, process)
) WITH (fillfactor = 50);
`;

/**
 * Replaces what a process says is under way in it, and gives those of its keys that were under way
 * in another process before. What was not said again for two seconds is said no more: its process
 * has ended, or sleeps.
 */
const ANNOUNCE = `
CREATE FUNCTION ledger.announce(
  p_process uuid, p_scopes text[], p_keys text[], p_ages_ms float8[]
) RETURNS TABLE (taken_scope text, taken_key text) LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  v_now timestamptz := clock_timestamp();
BEGIN
  DELETE FROM ledger.in_flight f
   WHERE f.process = p_process AND NOT EXISTS (
     SELECT 1 FROM unnest(p_scopes, p_keys) AS k (scope, key)
      WHERE k.scope = f.scope AND k.key = f.key);
  -- Whoever else is about to remove the same rows is not waited for.
  DELETE FROM ledger.in_flight f
   WHERE (f.scope, f.key, f.process) IN (
     SELECT o.scope, o.key, o.process FROM ledger.in_flight o
      WHERE o.told_at < v_now - interval '2 seconds' AND o.process <> p_process
        FOR UPDATE SKIP LOCKED);

  INSERT INTO ledger.in_flight (scope, key, process, since, told_at)
  SELECT k.scope, k.key, p_process, v_now - k.age_ms * interval '1 millisecond', v_now
    FROM unnest(p_scopes, p_keys, p_ages_ms) AS k (scope, key, age_ms)
  ON CONFLICT (scope, key, process) DO UPDATE SET told_at = excluded.told_at;

  RETURN QUERY SELECT own.scope, own.key FROM ledger.in_flight own
   WHERE own.process = p_process AND EXISTS (
     SELECT 1 FROM ledger.in_flight f
      WHERE f.scope = own.scope AND f.key = own.key
        AND f.told_at >= v_now - interval '2 seconds'
        AND (f.since, f.process) < (own.since, own.process));
END $$;
`;

const GRANTS = `
REVOKE ALL ON FUNCTION ledger.announce FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ledger.announce TO countinghouse_command;
`;

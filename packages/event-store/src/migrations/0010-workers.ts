import { type Kysely, sql } from "kysely";

/**
 * What spares workers the past: which schedules are over, and up to when holds were looked through.
 * A mark that is lost or behind costs a longer look and nothing else.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of [ENDED, MARKS, SET_MARK, GRANTS]) await sql.raw(statement).execute(db);
}

const ENDED = `
CREATE INDEX events_schedules_ended ON ledger.events (ledger_id, stream_id)
  WHERE type IN ('ScheduleFinished', 'ScheduleCancelled');
`;

const MARKS = `
CREATE TABLE ledger.marks (
  name text PRIMARY KEY,
  mark text COLLATE "C" NOT NULL
) WITH (fillfactor = 50);
`;

/** A mark only goes on: whoever is behind sets nothing back. */
const SET_MARK = `
CREATE FUNCTION ledger.set_mark(p_name text, p_mark text) RETURNS void LANGUAGE sql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  INSERT INTO ledger.marks AS m (name, mark) VALUES (p_name, p_mark)
  ON CONFLICT (name) DO UPDATE SET mark = excluded.mark WHERE m.mark < excluded.mark
$$;
`;

const GRANTS = `
REVOKE ALL ON FUNCTION ledger.set_mark FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ledger.set_mark TO countinghouse_command;
GRANT SELECT ON ledger.marks TO countinghouse_command;
`;

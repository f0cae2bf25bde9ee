import { type Kysely, sql } from "kysely";

/** Counters of wrong passwords and codes, and the devices that users log in from. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const part of [TABLES, TAKE, GIVE_BACK, GRANTS]) await sql.raw(part).execute(db);
}

const TABLES = `
CREATE TABLE auth.guesses (
  key           bytea PRIMARY KEY CHECK (octet_length(key) = 32),
  failures      integer NOT NULL,
  began_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
  blocked_until timestamptz
) WITH (fillfactor = 50);
CREATE INDEX guesses_age ON auth.guesses (began_at);

CREATE TABLE auth.known_devices (
  user_id      uuid NOT NULL REFERENCES auth.users,
  device       bytea NOT NULL CHECK (octet_length(device) = 32),
  last_seen_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (user_id, device)
);
`;

/**
 * Counts one guess as a failure on each key, or on none and gives the seconds to wait when one is
 * blocked; -1 when the guess, should it fail, blocks a key. Counting before the guess is tried
 * keeps many at once from getting more than the limit.
 * From its limit on each further failure blocks a key, for twice as long each time.
 */
const TAKE = `
CREATE FUNCTION auth.take_guess(
  keys bytea[], limits integer[], windows integer[], firsts integer[], mosts integer[]
) RETURNS double precision LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE wait double precision;
BEGIN
  INSERT INTO auth.guesses (key, failures)
    SELECT key, 0 FROM unnest(keys) AS key ORDER BY key ON CONFLICT DO NOTHING;
  PERFORM FROM auth.guesses WHERE key = ANY (keys) ORDER BY key FOR UPDATE;
  SELECT max(extract(epoch FROM blocked_until - clock_timestamp())) INTO wait
    FROM auth.guesses WHERE key = ANY (keys) AND blocked_until > clock_timestamp();
  IF wait > 0 THEN RETURN wait; END IF;
  UPDATE auth.guesses AS g
     SET failures = 0, began_at = clock_timestamp(), blocked_until = NULL
    FROM unnest(keys, windows) AS p (key, seconds)
   WHERE g.key = p.key AND g.began_at < clock_timestamp() - make_interval(secs => p.seconds);
  UPDATE auth.guesses AS g
     SET failures = g.failures + 1,
         blocked_until = CASE WHEN g.failures + 1 >= p.tries THEN
           clock_timestamp() + make_interval(
             secs => least(p.most, p.first * 2.0 ^ least(g.failures + 1 - p.tries, 20))
           ) END
    FROM unnest(keys, limits, firsts, mosts) AS p (key, tries, first, most)
   WHERE g.key = p.key;
  IF EXISTS (SELECT FROM auth.guesses WHERE key = ANY (keys) AND blocked_until IS NOT NULL) THEN
    RETURN -1;
  END IF;
  RETURN 0;
END $$;
`;

/** Takes back one counted guess that was right; a key that is below its limit then is free. */
const GIVE_BACK = `
CREATE FUNCTION auth.give_guess_back(keys bytea[], limits integer[]) RETURNS void
LANGUAGE sql SET search_path = pg_catalog AS $$
  WITH held AS (SELECT FROM auth.guesses WHERE key = ANY (keys) ORDER BY key FOR UPDATE)
  SELECT count(*) FROM held;
  UPDATE auth.guesses AS g
     SET failures = greatest(0, g.failures - 1),
         blocked_until = CASE WHEN g.failures - 1 >= p.tries THEN g.blocked_until END
    FROM unnest(keys, limits) AS p (key, tries)
   WHERE g.key = p.key;
$$;
`;

const GRANTS = `
REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA auth FROM PUBLIC;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA auth TO countinghouse_auth;
GRANT SELECT, INSERT, DELETE, UPDATE (failures, began_at, blocked_until)
  ON auth.guesses TO countinghouse_auth;
GRANT SELECT, INSERT, DELETE, UPDATE (last_seen_at) ON auth.known_devices TO countinghouse_auth;
`;

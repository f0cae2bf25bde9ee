import { type Kysely, sql } from "kysely";

/** The log: tables, the append function that is its only door, and who may do what. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of [TABLES, WALLS, LOCK, APPEND, GRANTS]) {
    await sql.raw(statement).execute(db);
  }
}

const TABLES = `
CREATE SCHEMA ledger;

CREATE TABLE ledger.log_head (
  ledger_id   int PRIMARY KEY CHECK (ledger_id BETWEEN 1 AND 4095),
  name        text NOT NULL,
  position    bigint NOT NULL DEFAULT 0,
  recorded_at timestamptz NOT NULL DEFAULT '-infinity'
) WITH (fillfactor = 10);

CREATE TABLE ledger.events (
  ledger_id      int NOT NULL,
  position       bigint NOT NULL,
  event_id       uuid NOT NULL,
  stream_id      uuid NOT NULL,
  version        int NOT NULL,
  type           text NOT NULL,
  schema_version int NOT NULL,
  data           json NOT NULL,
  meta           json NOT NULL,
  recorded_at    timestamptz NOT NULL,
  PRIMARY KEY (ledger_id, position),
  UNIQUE (ledger_id, stream_id, version)
);

-- A transfer is found by its id only to be reversed, so only its debit is in the index.
CREATE UNIQUE INDEX events_transfer ON ledger.events (ledger_id, (data ->> 'transferId'))
  WHERE type IN ('TransferSent', 'ReversalSent');

-- A cache of the fold; only its last three columns change, so updates stay in the page (HOT).
CREATE TABLE ledger.streams (
  ledger_id    int NOT NULL,
  stream_id    uuid NOT NULL,
  category     text NOT NULL,
  version      int NOT NULL,
  state        json NOT NULL,
  state_schema int NOT NULL,
  PRIMARY KEY (ledger_id, stream_id)
) WITH (fillfactor = 70);

-- Keys belong to the caller, whatever the ledger: see docs/adr/0002-idempotency-keys.md.
CREATE TABLE ledger.idempotency (
  scope       text NOT NULL,
  key         text NOT NULL,
  ledger_id   int NOT NULL,
  request     json NOT NULL,
  status      int NOT NULL,
  response    json NOT NULL,
  token       text NOT NULL,
  recorded_at timestamptz NOT NULL,
  PRIMARY KEY (scope, key)
);

INSERT INTO ledger.log_head (ledger_id, name) VALUES (1, 'main');
`;

/** The second wall: even the owner has to take a trigger down before the past can change. */
const WALLS = `
CREATE FUNCTION ledger.refuse_change() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RAISE EXCEPTION 'the log is append-only' USING ERRCODE = 'CH005';
END $$;

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.events
  FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.idempotency
  FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER never_deleted BEFORE DELETE OR TRUNCATE ON ledger.streams
  FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER never_deleted BEFORE DELETE OR TRUNCATE ON ledger.log_head
  FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();
`;

/** Takes the sequencer of a ledger until the transaction ends, to decide under it. */
const LOCK = `
CREATE FUNCTION ledger.lock_head(p_ledger int) RETURNS bigint LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  v_position bigint;
BEGIN
  SELECT position INTO v_position FROM ledger.log_head WHERE ledger_id = p_ledger FOR UPDATE;
  IF NOT FOUND THEN RAISE EXCEPTION 'unknown ledger' USING ERRCODE = 'CH003'; END IF;
  RETURN v_position;
END $$;
`;

/**
 * The only door into the log. Positions and times are given here, under the lock of the head row;
 * versions are checked here; all of it happens or nothing.
 */
const APPEND = `
CREATE FUNCTION ledger.append(
  p_ledger int,
  p_streams uuid[], p_categories text[], p_expected int[], p_versions int[],
  p_states text[], p_state_schemas int[],
  p_read_streams uuid[], p_read_versions int[],
  p_event_ids uuid[], p_event_streams uuid[], p_event_versions int[], p_types text[],
  p_schema_versions int[], p_datas text[], p_metas text[],
  p_scopes text[], p_keys text[], p_requests text[], p_statuses int[], p_responses text[],
  p_tokens text[]
) RETURNS TABLE (first_position bigint, at timestamptz) LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  v_events int := cardinality(p_event_ids);
  v_streams int := cardinality(p_streams);
  v_head bigint;
  v_at timestamptz;
  v_done int;
  v_created int;
BEGIN
  IF v_events > 0 THEN
    UPDATE ledger.log_head h
       SET position = h.position + v_events,
           recorded_at = greatest(h.recorded_at, date_trunc('milliseconds', clock_timestamp()))
     WHERE h.ledger_id = p_ledger
     RETURNING h.position - v_events, h.recorded_at INTO v_head, v_at;
  ELSE
    SELECT h.position, date_trunc('milliseconds', clock_timestamp()) INTO v_head, v_at
      FROM ledger.log_head h WHERE h.ledger_id = p_ledger;
  END IF;
  IF v_head IS NULL THEN RAISE EXCEPTION 'unknown ledger' USING ERRCODE = 'CH003'; END IF;

  IF EXISTS (
    WITH streams AS (
      SELECT * FROM unnest(p_streams, p_expected, p_versions) AS s (stream_id, expected, version)
    ), numbered AS (
      SELECT e.stream_id, e.version,
             row_number() OVER (PARTITION BY e.stream_id ORDER BY e.ordinal) AS nth
        FROM unnest(p_event_streams, p_event_versions)
             WITH ORDINALITY AS e (stream_id, version, ordinal)
    ), counted AS (SELECT stream_id, count(*) AS events FROM numbered GROUP BY stream_id)
    SELECT 1 FROM numbered n LEFT JOIN streams s USING (stream_id)
     WHERE s.stream_id IS NULL OR n.version <> s.expected + n.nth
    UNION ALL
    SELECT 1 FROM streams s LEFT JOIN counted c USING (stream_id)
     WHERE c.events IS NULL OR c.events <> s.version - s.expected
  ) THEN
    RAISE EXCEPTION 'versions do not follow each other' USING ERRCODE = 'CH004';
  END IF;

  -- What was read but not changed must not have moved either: a refusal is as true as a posting.
  IF EXISTS (
    SELECT 1 FROM unnest(p_read_streams, p_read_versions) AS r (stream_id, version)
      LEFT JOIN ledger.streams s ON s.ledger_id = p_ledger AND s.stream_id = r.stream_id
     WHERE coalesce(s.version, 0) <> r.version
  ) THEN
    RAISE EXCEPTION 'a stream has another version' USING ERRCODE = 'CH001';
  END IF;

  INSERT INTO ledger.streams (ledger_id, stream_id, category, version, state, state_schema)
  SELECT p_ledger, s.stream_id, s.category, s.version, s.state::json, s.state_schema
    FROM unnest(p_streams, p_categories, p_expected, p_versions, p_states, p_state_schemas)
         AS s (stream_id, category, expected, version, state, state_schema)
   WHERE s.expected = 0
  ON CONFLICT DO NOTHING;
  GET DIAGNOSTICS v_created = ROW_COUNT;
  UPDATE ledger.streams t
     SET version = s.version, state = s.state::json, state_schema = s.state_schema
    FROM unnest(p_streams, p_categories, p_expected, p_versions, p_states, p_state_schemas)
         AS s (stream_id, category, expected, version, state, state_schema)
   WHERE s.expected > 0 AND t.ledger_id = p_ledger AND t.stream_id = s.stream_id
     AND t.version = s.expected AND t.category = s.category;
  GET DIAGNOSTICS v_done = ROW_COUNT;
  IF v_created + v_done <> v_streams THEN
    RAISE EXCEPTION 'a stream has another version' USING ERRCODE = 'CH001';
  END IF;

  INSERT INTO ledger.events
  SELECT p_ledger, v_head + e.ordinal, e.event_id, e.stream_id, e.version, e.type,
         e.schema_version, e.data::json, e.meta::json, v_at
    FROM unnest(p_event_ids, p_event_streams, p_event_versions, p_types, p_schema_versions,
                p_datas, p_metas) WITH ORDINALITY
         AS e (event_id, stream_id, version, type, schema_version, data, meta, ordinal);

  INSERT INTO ledger.idempotency
  SELECT k.scope, k.key, p_ledger, k.request::json, k.status, k.response::json, k.token, v_at
    FROM unnest(p_scopes, p_keys, p_requests, p_statuses, p_responses, p_tokens)
         AS k (scope, key, request, status, response, token)
   ORDER BY k.scope, k.key
  ON CONFLICT DO NOTHING;
  GET DIAGNOSTICS v_done = ROW_COUNT;
  IF v_done <> cardinality(p_keys) THEN
    RAISE EXCEPTION 'an idempotency key is taken' USING ERRCODE = 'CH002';
  END IF;

  RETURN QUERY SELECT v_head + 1, v_at;
END $$;
`;

const GRANTS = `
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA ledger FROM PUBLIC;
GRANT USAGE ON SCHEMA ledger TO {command}, {relay};
GRANT SELECT ON ALL TABLES IN SCHEMA ledger TO {command};
GRANT EXECUTE ON FUNCTION ledger.append, ledger.lock_head TO {command};
GRANT SELECT ON ledger.log_head, ledger.events, ledger.streams TO {relay};
`
  .replaceAll("{command}", "countinghouse_command")
  .replaceAll("{relay}", "countinghouse_relay");

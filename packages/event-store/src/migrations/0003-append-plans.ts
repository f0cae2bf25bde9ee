import { type Kysely, sql } from "kysely";

/**
 * The append function with plans that do not depend on how large the tables were when it was first
 * called. On an empty log the planner chose nested loops over whole tables and kept them: a batch
 * of 1,000 transfers took 800 ms.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql.raw(APPEND).execute(db);
}

/** Migration 9 makes another function of it. */
export const APPEND = `
CREATE OR REPLACE FUNCTION ledger.append(
  p_ledger int,
  p_streams uuid[], p_categories text[], p_expected int[], p_versions int[],
  p_states text[], p_state_schemas int[],
  p_read_streams uuid[], p_read_versions int[],
  p_event_ids uuid[], p_event_streams uuid[], p_event_versions int[], p_types text[],
  p_schema_versions int[], p_datas text[], p_metas text[],
  p_scopes text[], p_keys text[], p_requests text[], p_statuses int[], p_responses text[],
  p_tokens text[]
) RETURNS TABLE (first_position bigint, at timestamptz) LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_bitmapscan = off
SET enable_hashjoin = off SET enable_mergejoin = off SET enable_material = off AS $$
DECLARE
  v_events int := cardinality(p_event_ids);
  v_streams int := cardinality(p_streams);
  v_head bigint;
  v_at timestamptz;
  v_done int;
  v_created int := 0;
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

  -- Of every stream its expected version, its events in their order, its last version: each one
  -- more than the one before.
  IF EXISTS (
    SELECT 1 FROM (
      SELECT version - lag(version) OVER (PARTITION BY stream_id ORDER BY ordinal) AS step,
             ordinal, row_number() OVER (PARTITION BY stream_id ORDER BY ordinal) AS nth
        FROM (SELECT s.stream_id, s.expected AS version, 0 AS ordinal
                FROM unnest(p_streams, p_expected) AS s (stream_id, expected)
               UNION ALL
              SELECT e.stream_id, e.version, e.ordinal
                FROM unnest(p_event_streams, p_event_versions)
                     WITH ORDINALITY AS e (stream_id, version, ordinal)
               UNION ALL
              SELECT s.stream_id, s.version + 1, v_events + 1
                FROM unnest(p_streams, p_versions) AS s (stream_id, version)) AS all_versions
    ) AS steps
     WHERE (nth = 1) <> (ordinal = 0) OR step <> 1
        OR (ordinal > v_events AND nth = 2)
  ) THEN
    RAISE EXCEPTION 'versions do not follow each other' USING ERRCODE = 'CH004';
  END IF;

  -- What was read but not changed must not have moved either: a refusal is as true as a posting.
  IF cardinality(p_read_streams) > 0 AND EXISTS (
    SELECT 1 FROM unnest(p_read_streams, p_read_versions) AS r (stream_id, version)
      LEFT JOIN LATERAL (
        SELECT s.version FROM ledger.streams s
         WHERE s.ledger_id = p_ledger AND s.stream_id = r.stream_id OFFSET 0
      ) AS s ON true
     WHERE coalesce(s.version, 0) <> r.version
  ) THEN
    RAISE EXCEPTION 'a stream has another version' USING ERRCODE = 'CH001';
  END IF;

  IF 0 = ANY (p_expected) THEN
    INSERT INTO ledger.streams (ledger_id, stream_id, category, version, state, state_schema)
    SELECT p_ledger, s.stream_id, s.category, s.version, s.state::json, s.state_schema
      FROM unnest(p_streams, p_categories, p_expected, p_versions, p_states, p_state_schemas)
           AS s (stream_id, category, expected, version, state, state_schema)
     WHERE s.expected = 0
    ON CONFLICT DO NOTHING;
    GET DIAGNOSTICS v_created = ROW_COUNT;
  END IF;
  -- Each row is looked up by its whole key, whatever the planner thinks of the table's size.
  UPDATE ledger.streams t
     SET version = s.version, state = s.state::json, state_schema = s.state_schema
    FROM unnest(p_streams, p_categories, p_expected, p_versions, p_states, p_state_schemas)
         AS s (stream_id, category, expected, version, state, state_schema)
         CROSS JOIN LATERAL (
           SELECT found.ctid FROM ledger.streams found
            WHERE found.ledger_id = p_ledger AND found.stream_id = s.stream_id OFFSET 0
         ) AS place
   WHERE s.expected > 0 AND t.ctid = place.ctid
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

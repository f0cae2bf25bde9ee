import type { Envelope } from "@countinghouse/contracts";
import pg from "pg";

/** An event as it is stored. */
export interface StoredEvent {
  readonly position: number;
  readonly eventId: string;
  readonly streamId: string;
  readonly version: number;
  readonly type: string;
  readonly schemaVersion: number;
  /** Canonical JSON: the very bytes that were appended. */
  readonly data: string;
  readonly meta: string;
  /** RFC 3339 in UTC with milliseconds. */
  readonly recordedAt: string;
}

/** Events that lie between two positions, the first exclusive, the second inclusive. */
export interface RecordSlice {
  readonly ledger: number;
  readonly after: number;
  readonly upTo: number;
  /** Only events of streams of this category. */
  readonly category: string;
}

/**
 * Reads a piece of the log in position order for one who passes it on: nothing is parsed that need
 * not be. The slice bounds what is read.
 */
export async function readRecords(pool: pg.Pool, slice: RecordSlice): Promise<StoredEvent[]> {
  const { ledger, after, upTo, category } = slice;
  const { rows } = await pool.query<Row>({
    ...READ,
    values: [ledger, after, upTo, category],
    rowMode: "array",
    types: { getTypeParser: () => asText },
  });
  const momentOf = createMoments();
  return rows.map(([position, eventId, streamId, version, type, schema, data, meta, at]) => ({
    ...{ position: Number(position), eventId, streamId, version: Number(version), type },
    ...{ schemaVersion: Number(schema), data, meta, recordedAt: momentOf(at) },
  }));
}

type Row = [string, string, string, string, string, string, string, string, string];

// A join would let the planner read all streams; the category of one is a look at its key.
const READ = {
  name: "read records",
  text: `
    SELECT e.position, e.event_id, e.stream_id, e.version, e.type, e.schema_version,
           e.data, e.meta, e.recorded_at
      FROM ledger.events e
     WHERE e.ledger_id = $1 AND e.position > $2 AND e.position <= $3
       AND (SELECT s.category FROM ledger.streams s
             WHERE s.ledger_id = e.ledger_id AND s.stream_id = e.stream_id) = $4
     ORDER BY e.position`,
};

/** An event without its cause. */
export type BareEvent = Omit<Envelope, "meta"> & { readonly meta: { readonly ledger: number } };

/**
 * Reads a piece of the log in position order for one who reads it from end to end and asks for the
 * cause of nothing. The slice bounds what is read.
 */
export async function readBareEvents(
  pool: pg.Pool,
  { ledger, after, upTo }: Omit<RecordSlice, "category">,
): Promise<BareEvent[]> {
  const { rows } = await pool.query<BareRow>({
    ...READ_BARE,
    values: [ledger, after, upTo],
    rowMode: "array",
    types: { getTypeParser: () => asText },
  });
  const momentOf = createMoments();
  const meta = { ledger };
  return rows.map(([position, eventId, streamId, version, type, schema, data, at]) => ({
    position: Number(position),
    eventId,
    streamId,
    version: Number(version),
    type,
    schemaVersion: Number(schema),
    data: JSON.parse(data),
    meta,
    recordedAt: momentOf(at),
  }));
}

type BareRow = [string, string, string, string, string, string, string, string];

const READ_BARE = {
  name: "read bare events",
  text: `
    SELECT position, event_id, stream_id, version, type, schema_version, data, recorded_at
      FROM ledger.events
     WHERE ledger_id = $1 AND position > $2 AND position <= $3
     ORDER BY position`,
};

function asText(value: string): string {
  return value;
}

const parseMoment = pg.types.getTypeParser(pg.types.builtins.TIMESTAMPTZ) as (text: string) => Date;

/** Events of one append have the same moment, so the last one is often the next. */
function createMoments(): (text: string) => string {
  let [last, moment] = ["", ""];
  return (text) => {
    if (text !== last) [last, moment] = [text, parseMoment(text).toISOString()];
    return moment;
  };
}

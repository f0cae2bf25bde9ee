import type { Envelope } from "@countinghouse/contracts";
import { Kysely, PostgresDialect, sql } from "kysely";
import type pg from "pg";
import type { Tables } from "./tables.ts";

/** Which events of a ledger to read: those after a position, perhaps of one stream or type only. */
export interface LogSlice {
  readonly ledger: number;
  /** Exclusive. */
  readonly after: number;
  /** Inclusive. Bounds what a read for a rare type looks through. */
  readonly upTo?: number;
  readonly limit: number;
  readonly stream?: string;
  readonly type?: string;
}

/** A line of the log: where it is, and the envelope as JSON without a line feed. */
export interface LogLine {
  readonly position: number;
  readonly streamId: string;
  readonly type: string;
  readonly json: string;
}

/** The log for those who only read it, in position order. A position has no gap below it. */
export interface LogReader {
  readLines(slice: LogSlice): Promise<LogLine[]>;
  read(slice: LogSlice): Promise<Envelope[]>;
  /** Every ledger with the position of its last event, 0 when it is empty. */
  heads(): Promise<{ ledger: number; position: number }[]>;
  /**
   * The accounts of the latest events on their proposals, a few for each ledger, each with the
   * version of the last of them.
   */
  latestProposals(): Promise<{ accountId: string; version: number }[]>;
  /** The categories of streams that exist, by id. A stream never changes its category. */
  categoriesOf(ledger: number, streamIds: readonly string[]): Promise<ReadonlyMap<string, string>>;
}

export function createLogReader(pool: pg.Pool): LogReader {
  const db = new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) });
  return {
    readLines: (slice) => readLines(db, slice),
    async read(slice) {
      const lines = await readLines(db, slice);
      return lines.map(({ json }) => JSON.parse(json) as Envelope);
    },
    async heads() {
      const rows = await db
        .selectFrom("ledger.log_head")
        .select(["ledger_id", "position"])
        .orderBy("ledger_id")
        .execute();
      return rows.map((row) => ({ ledger: row.ledger_id, position: Number(row.position) }));
    },
    latestProposals: () => latestProposals(pool),
    async categoriesOf(ledger, streamIds) {
      const rows = await db
        .selectFrom("ledger.streams")
        .select(["stream_id", "category"])
        .where("ledger_id", "=", ledger)
        .where("stream_id", "=", sql<string>`any(${[...streamIds]}::uuid[])`)
        .execute();
      return new Map(rows.map((row) => [row.stream_id, row.category]));
    },
  };
}

const LATEST_PROPOSALS = {
  name: "latest_proposals",
  text: `SELECT e.stream_id AS "accountId", max(e.version) AS version
           FROM ledger.log_head h CROSS JOIN LATERAL (
             SELECT stream_id, version FROM ledger.events
              WHERE ledger_id = h.ledger_id
                AND type IN ('LimitsProposed', 'LimitsApproved', 'LimitsRejected',
                             'AdjustmentProposed', 'AdjustmentApproved', 'AdjustmentRejected')
              ORDER BY position DESC LIMIT 20) e
          GROUP BY e.stream_id`,
};

async function latestProposals(pool: pg.Pool) {
  const { rows } = await pool.query<{ accountId: string; version: number }>(LATEST_PROPOSALS);
  return rows;
}

async function readLines(db: Kysely<Tables>, slice: LogSlice): Promise<LogLine[]> {
  const { ledger, after, upTo, limit, stream, type } = slice;
  let query = db
    .selectFrom("ledger.events")
    .select(["position", "event_id", "stream_id", "version", "type", "schema_version"])
    .select(sql<string>`data::text`.as("data"))
    .select(sql<string>`meta::text`.as("meta"))
    .select("recorded_at")
    .where("ledger_id", "=", ledger)
    .where(sql`position`, ">", after)
    .limit(limit);
  if (upTo !== undefined) query = query.where(sql`position`, "<=", upTo);
  if (stream === undefined) {
    query = query.orderBy("position");
  } else {
    // A stream's versions are in the order of its positions and have an index; whoever goes on
    // after an event of the stream goes on after its version.
    query = query
      .where("stream_id", "=", stream)
      .where("version", ">", versionAt(db, ledger, stream, after))
      .orderBy("version");
  }
  if (type !== undefined) query = query.where("type", "=", type);
  const rows = await query.execute();
  return rows.map((row) => {
    const { position, stream_id, type } = row;
    return { position: Number(position), streamId: stream_id, type, json: lineOf(row) };
  });
}

/** The version of the event at a position if it is one of the stream, else 0. */
function versionAt(db: Kysely<Tables>, ledger: number, stream: string, position: number) {
  const found = db
    .selectFrom("ledger.events")
    .select("version")
    .where("ledger_id", "=", ledger)
    .where(sql`position`, "=", position)
    .where("stream_id", "=", stream);
  return sql<number>`coalesce((${found}), 0)`;
}

/** JSON has them between its tokens only: inside a string they are escaped. */
const BREAKS = /[\r\n]/g;

interface Row {
  readonly position: string;
  readonly event_id: string;
  readonly stream_id: string;
  readonly version: number;
  readonly type: string;
  readonly schema_version: number;
  readonly data: string;
  readonly meta: string;
  readonly recorded_at: Date;
}

/**
 * The envelope as text, in one line: data and meta keep the very bytes that were appended. Only who
 * writes past the append function can have put a line break between them; it becomes a space, so
 * that the line stays one and its hash, of canonical JSON, the same.
 */
function lineOf(row: Row): string {
  const { position, event_id, stream_id, version, type, schema_version } = row;
  const start = `{"position":${position},"eventId":"${event_id}","streamId":"${stream_id}"`;
  const kind = `"version":${version},"type":"${type}","schemaVersion":${schema_version}`;
  const end = `"recordedAt":"${row.recorded_at.toISOString()}"}`;
  return `${start},${kind},"data":${row.data},"meta":${row.meta},${end}`.replaceAll(BREAKS, " ");
}

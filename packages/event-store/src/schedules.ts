import type pg from "pg";
import { createLease } from "./leases.ts";
import type { JsonObject, NewEvent } from "./port.ts";

/** Of making what is due. */
export const SCHEDULES_LEASE = "schedules";

/** A schedule as its stream has it. */
export interface StoredSchedule {
  readonly scheduleId: string;
  readonly ledger: number;
  readonly state: JsonObject;
  /** The version of the form in which the state is stored. */
  readonly stateSchema: number;
}

/** A schedule with the last of its events, oldest first. */
export interface ScheduleHistory extends StoredSchedule {
  readonly events: readonly Pick<NewEvent, "type" | "data">[];
}

/** A schedule when it was made. */
export interface MadeSchedule {
  readonly scheduleId: string;
  readonly ledger: number;
  readonly position: number;
  readonly data: JsonObject;
}

/** Where a ledger's log was read to. */
export interface LedgerPosition {
  readonly ledger: number;
  readonly position: number;
}

/** Schedules as they are in the log at this moment: whoever asks sees what was acknowledged. */
export interface ScheduleBook {
  /** The ids of an owner's schedules, or of everybody's, in the order in which they were made. */
  list(ownerId: string | undefined, after: string | undefined, limit: number): Promise<string[]>;
  /** Those that there are, in the order of the ids, each with so many of its last events. */
  histories(ids: readonly string[], events: number): Promise<ScheduleHistory[]>;
  /** The schedules of a ledger of which more may come, in the order of their ids. */
  page(ledger: number, after: string | undefined, limit: number): Promise<StoredSchedule[]>;
  /** What was scheduled after these positions; of each ledger in the order of its log. */
  madeAfter(places: readonly LedgerPosition[], limit: number): Promise<MadeSchedule[]>;
  heads(): Promise<LedgerPosition[]>;
  /**
   * Takes or keeps the lease of making what is due, for so long; gives whether this process has it.
   * Whoever has lost it without noticing can only repeat what another one does.
   */
  lease(forMs: number): Promise<boolean>;
}

/** The schedules in the log, for the command role. */
export function createScheduleBook(pool: pg.Pool): ScheduleBook {
  const lease = createLease(pool);
  return {
    async list(ownerId, after, limit) {
      const of = ownerId === undefined ? LIST_ALL : LIST_OWN;
      const values = [after ?? FIRST_ID, limit, ...(ownerId === undefined ? [] : [ownerId])];
      const { rows } = await pool.query<{ id: string }>({ ...of, values });
      return rows.map(({ id }) => id);
    },
    async histories(ids, events) {
      const { rows } = await pool.query<ScheduleHistory>({ ...HISTORIES, values: [ids, events] });
      return rows;
    },
    async page(ledger, after, limit) {
      const values = [ledger, after ?? FIRST_ID, limit];
      const { rows } = await pool.query<StoredSchedule>({ ...PAGE, values });
      return rows;
    },
    async madeAfter(places, limit) {
      const values = [places.map((p) => p.ledger), places.map((p) => p.position), limit];
      const { rows } = await pool.query<MadeSchedule>({ ...MADE_AFTER, values });
      return rows;
    },
    async heads() {
      const { rows } = await pool.query<LedgerPosition>(HEADS);
      return rows;
    },
    lease: (forMs) => lease(SCHEDULES_LEASE, forMs),
  };
}

const FIRST_ID = "00000000-0000-0000-0000-000000000000";

// Planned anew each time: a plan kept from when the tables were small reads all of them for ever.
const LIST_ALL = {
  text: `SELECT stream_id AS id FROM ledger.events
          WHERE type = 'TransferScheduled' AND stream_id > $1 ORDER BY stream_id LIMIT $2`,
};

const LIST_OWN = {
  text: `SELECT stream_id AS id FROM ledger.events
          WHERE type = 'TransferScheduled' AND data ->> 'ownerId' = $3 AND stream_id > $1
          ORDER BY stream_id LIMIT $2`,
};

const HISTORIES = {
  text: `SELECT s.stream_id AS "scheduleId", s.ledger_id AS ledger, s.state,
                s.state_schema AS "stateSchema", h.events
           FROM unnest($1::uuid[]) AS wanted (id)
           CROSS JOIN LATERAL (
             SELECT made.ledger_id FROM ledger.events made
              WHERE made.type = 'TransferScheduled' AND made.stream_id = wanted.id) AS place
           JOIN ledger.streams s ON s.ledger_id = place.ledger_id AND s.stream_id = wanted.id
           CROSS JOIN LATERAL (
             SELECT json_agg(json_build_object('type', type, 'data', data)
                             ORDER BY version) AS events
               FROM (SELECT e.type, e.data, e.version FROM ledger.events e
                      WHERE e.ledger_id = place.ledger_id AND e.stream_id = wanted.id
                      ORDER BY e.version DESC LIMIT $2) AS last) AS h
          ORDER BY s.stream_id`,
};

const PAGE = {
  text: `SELECT s.stream_id AS "scheduleId", s.ledger_id AS ledger, s.state,
                s.state_schema AS "stateSchema"
           FROM (SELECT made.stream_id FROM ledger.events made
                  WHERE made.type = 'TransferScheduled' AND made.ledger_id = $1
                    AND made.stream_id > $2
                    AND NOT EXISTS (
                      SELECT 1 FROM ledger.events ended
                       WHERE ended.type IN ('ScheduleFinished', 'ScheduleCancelled')
                         AND ended.ledger_id = $1 AND ended.stream_id = made.stream_id)
                  ORDER BY made.stream_id LIMIT $3) AS open
           JOIN ledger.streams s ON s.ledger_id = $1 AND s.stream_id = open.stream_id
          ORDER BY s.stream_id`,
};

const MADE_AFTER = {
  text: `SELECT e.stream_id AS "scheduleId", e.ledger_id AS ledger, e.position::float8, e.data
           FROM unnest($1::int[], $2::bigint[]) AS place (ledger_id, position)
           CROSS JOIN LATERAL (
             SELECT * FROM ledger.events e
              WHERE e.type = 'TransferScheduled' AND e.ledger_id = place.ledger_id
                AND e.position > place.position
              ORDER BY e.position LIMIT $3) AS e`,
};

const HEADS = {
  text: `SELECT ledger_id AS ledger, position::float8 FROM ledger.log_head ORDER BY ledger_id`,
};

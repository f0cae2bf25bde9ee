import type pg from "pg";

/** The savings accounts of a ledger in the order of their ids, and a month to look at. */
export interface SavingsSlice {
  readonly ledger: number;
  /** Exclusive; absent: from the first. */
  readonly after?: string | undefined;
  readonly limit: number;
  /** The first moment of each day of the month, in their order. */
  readonly days: readonly Date[];
  /** The first moment of the next month. */
  readonly end: Date;
}

/** What the log says of a savings account and a month. */
export interface SavingsMonth {
  readonly accountId: string;
  /**
   * The last posting of each day that has one, and before them the last from before the month,
   * under day 0; days are counted from 1.
   */
  readonly closings: readonly { readonly day: number; readonly version: number; value: string }[];
  /** The state's `interest`, where it has one. */
  readonly interest: { readonly version: number; readonly closing: string } | null;
}

// Each account is read from the last posting on that interest was worked out by.
const SAVINGS = {
  text: `SELECT a.stream_id AS "accountId", s.state -> 'interest' AS interest,
                coalesce(h.closings, '[]'::json) AS closings
           FROM (SELECT stream_id FROM ledger.events
                  WHERE type = 'AccountOpened' AND data ->> 'accountType' = 'savings'
                    AND ledger_id = $1 AND stream_id > $2 AND recorded_at < $5
                  ORDER BY stream_id LIMIT $3) AS a
           JOIN ledger.streams s ON s.ledger_id = $1 AND s.stream_id = a.stream_id
           CROSS JOIN LATERAL (
             SELECT json_agg(json_build_object('day', day, 'version', version, 'value', value)
                             ORDER BY day) AS closings
               FROM (SELECT DISTINCT ON (day) day, version, value
                       FROM (SELECT width_bucket(e.recorded_at, $4::timestamptz[]) AS day,
                                    e.version, e.data -> 'balanceAfter' ->> 'value' AS value
                               FROM ledger.events e
                              WHERE e.ledger_id = $1 AND e.stream_id = a.stream_id
                                AND e.version >
                                    coalesce((s.state -> 'interest' ->> 'version')::int, 0)
                                AND e.recorded_at < $5) AS postings
                      WHERE value IS NOT NULL
                      ORDER BY day, version DESC) AS last) AS h
          ORDER BY a.stream_id`,
};

const FIRST_ID = "00000000-0000-0000-0000-000000000000";

export async function savingsOf(
  pool: pg.Pool,
  { ledger, after = FIRST_ID, limit, days, end }: SavingsSlice,
): Promise<SavingsMonth[]> {
  const starts = days.map((day) => day.toISOString());
  const values = [ledger, after, limit, starts, end.toISOString()];
  const { rows } = await pool.query<SavingsMonth>({ ...SAVINGS, values });
  return rows;
}

/**
 * How long before a moment of the database's clock nothing can be on its way into the log any more:
 * longer than any statement may take.
 */
const SETTLED_AFTER = "1 minute";

/** Whether all events of before a moment are in the log, by the clock that numbers them. */
export async function isSettled(pool: pg.Pool, moment: Date): Promise<boolean> {
  const { rows } = await pool.query({
    text: `SELECT clock_timestamp() > $1::timestamptz + interval '${SETTLED_AFTER}' AS is_over`,
    values: [moment.toISOString()],
  });
  return rows[0].is_over;
}

import type { Logger, Metrics } from "@countinghouse/service-kit";
import type pg from "pg";

const LAG = `
  SELECT h.ledger_id AS ledger, (h.position - c.published)::float8 AS events,
         coalesce(extract(epoch FROM clock_timestamp() - e.recorded_at), 0)::float8 AS seconds
    FROM ledger.log_head h
   CROSS JOIN LATERAL (
     SELECT CASE WHEN count(*) = $2 THEN min(position) ELSE 0 END AS published
       FROM ledger.relay_cursors WHERE topic = $1 AND ledger_id = h.ledger_id
   ) c
    LEFT JOIN ledger.events e ON e.ledger_id = h.ledger_id AND e.position = c.published + 1`;

/** How far a topic is behind the log of one ledger. */
interface Lag {
  readonly ledger: number;
  readonly events: number;
  /** The age of the first event that is not known to be published. */
  readonly seconds: number;
}

/**
 * How far the topic is behind the log, read from the database whenever it is asked for: so each
 * relay tells it, whichever publishes.
 */
export async function readLag(pool: pg.Pool, topic: string, partitions: number): Promise<Lag[]> {
  return (await pool.query<Lag>(LAG, [topic, partitions])).rows;
}

/** The lag as metrics, in events and in seconds. */
export function measureLag(read: () => Promise<Lag[]>, metrics: Metrics, logger: Logger): void {
  const measure = (column: "events" | "seconds", help: string) => {
    metrics.gauge(`relay_lag_${column}`, help, ["ledger"], async (gauge) => {
      try {
        for (const lag of await read()) gauge.set({ ledger: String(lag.ledger) }, lag[column]);
      } catch (err) {
        logger.warn({ err }, "the lag cannot be measured");
      }
    });
  };
  measure("events", "Events not known to be published");
  measure("seconds", "Age of the first event not known to be published");
}

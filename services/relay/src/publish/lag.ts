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

/**
 * How far the topic is behind the log, read from the database whenever the metrics are read: so
 * each relay tells it, whichever publishes.
 */
export function measureLag(
  pool: pg.Pool,
  metrics: Metrics,
  logger: Logger,
  topic: string,
  partitions: number,
): void {
  const measure = (column: "events" | "seconds", help: string) => {
    metrics.gauge(`relay_lag_${column}`, help, ["ledger"], async (gauge) => {
      try {
        const { rows } = await pool.query(LAG, [topic, partitions]);
        for (const row of rows) gauge.set({ ledger: String(row.ledger) }, row[column]);
      } catch (err) {
        logger.warn({ err }, "the lag cannot be measured");
      }
    });
  };
  measure("events", "Events not known to be published");
  measure("seconds", "Age of the first event not known to be published");
}

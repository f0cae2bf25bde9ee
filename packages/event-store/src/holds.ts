import type pg from "pg";
import type { Origin, OverdueHold } from "./port.ts";

// As the index events_origin has it, to the letter.
const FIND_ORIGIN = {
  name: "find_origin",
  text: `SELECT stream_id, type, schema_version, data FROM ledger.events
          WHERE ledger_id = $1
            AND coalesce(data ->> 'holdId', data ->> 'cardId', data ->> 'proposalId') = $2
            AND type IN ('HoldPlaced', 'CardRegistered', 'LimitsProposed', 'AdjustmentProposed',
                         'TariffProposed')`,
};

export async function findOrigin(
  pool: pg.Pool,
  ledger: number,
  id: string,
): Promise<Origin | undefined> {
  const { rows } = await pool.query({ ...FIND_ORIGIN, values: [ledger, id] });
  const [row] = rows;
  if (row === undefined) return undefined;
  const { stream_id: streamId, type, schema_version: schemaVersion, data } = row;
  return { streamId, event: { type, schemaVersion, data } };
}

// The state of the account says whether a hold is active still: most that had a time are not.
const FIND_OVERDUE = {
  name: "find_overdue_holds",
  text: `SELECT e.ledger_id, e.stream_id, e.data ->> 'holdId' AS hold_id,
                e.data ->> 'expiresAt' AS expires_at
           FROM ledger.events e
          WHERE e.type = 'HoldPlaced'
            AND e.data ->> 'expiresAt' > $1 AND e.data ->> 'expiresAt' <= $2
            AND EXISTS (
              SELECT 1 FROM ledger.streams s
               WHERE s.ledger_id = e.ledger_id AND s.stream_id = e.stream_id
                 AND s.state -> 'holds' -> (e.data ->> 'holdId') IS NOT NULL)
          ORDER BY e.data ->> 'expiresAt' LIMIT $3`,
};

export async function findOverdueHolds(
  pool: pg.Pool,
  after: string,
  now: string,
  limit: number,
): Promise<OverdueHold[]> {
  const { rows } = await pool.query({ ...FIND_OVERDUE, values: [after, now, limit] });
  return rows.map(({ ledger_id, stream_id, hold_id, expires_at }) => {
    return { ledger: ledger_id, streamId: stream_id, holdId: hold_id, expiresAt: expires_at };
  });
}

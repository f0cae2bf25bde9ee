import type pg from "pg";

/** How far a partition of a topic has the events of a ledger. */
export interface Cursor {
  readonly ledger: number;
  readonly partition: number;
  /** Every event up to here that belongs into the partition is acknowledged by the brokers. */
  readonly position: number;
}

/** Another relay has the lease: this one stops. */
export class LeaseLostError extends Error {
  readonly code = "lease_lost";
  readonly retryable = false;
  override readonly name = "LeaseLostError";
}

/** The cursors of one topic, written only by the holder of the lease. */
export interface CursorStore {
  load(): Promise<Cursor[]>;
  /** Moves cursors forward. Throws a LeaseLostError where the epoch is not the lease's. */
  move(epoch: string, cursors: readonly Cursor[]): Promise<void>;
  /** Sets partitions back to the beginning. Throws as `move`. */
  restart(epoch: string, partitions: readonly number[]): Promise<void>;
}

export function createCursorStore(pool: pg.Pool, topic: string, lease: string): CursorStore {
  async function underLease(text: string, epoch: string, values: unknown[]): Promise<void> {
    const { rows } = await pool.query(text, [lease, epoch, topic, ...values]);
    if (rows[0].held !== 1) throw new LeaseLostError("another relay publishes");
  }
  return {
    async load() {
      const { rows } = await pool.query(LOAD, [topic]);
      return rows.map((row) => ({ ...row, position: Number(row.position) }));
    },
    async move(epoch, cursors) {
      if (cursors.length === 0) return;
      await underLease(MOVE, epoch, [
        cursors.map(({ ledger }) => ledger),
        cursors.map(({ partition }) => partition),
        cursors.map(({ position }) => position),
      ]);
    },
    async restart(epoch, partitions) {
      if (partitions.length > 0) await underLease(RESTART, epoch, [partitions]);
    },
  };
}

const LOAD = `
  SELECT ledger_id AS ledger, partition, position FROM ledger.relay_cursors WHERE topic = $1`;

// The lock keeps a new holder from coming in between the look at the epoch and the write.
const HELD = `
  WITH held AS (
    SELECT 1 FROM ledger.relay_lease WHERE name = $1 AND epoch = $2 FOR SHARE
  )`;

const MOVE = `${HELD}, moved AS (
    INSERT INTO ledger.relay_cursors (topic, ledger_id, partition, position)
    SELECT $3, c.ledger_id, c.partition, c.position
      FROM held, unnest($4::int[], $5::int[], $6::bigint[]) AS c (ledger_id, partition, position)
    ON CONFLICT (topic, ledger_id, partition) DO UPDATE SET position = EXCLUDED.position
     WHERE relay_cursors.position < EXCLUDED.position
  )
  SELECT count(*)::int AS held FROM held`;

const RESTART = `${HELD}, moved AS (
    UPDATE ledger.relay_cursors SET position = 0
     WHERE topic = $3 AND partition = ANY ($4::int[]) AND EXISTS (SELECT 1 FROM held)
  )
  SELECT count(*)::int AS held FROM held`;

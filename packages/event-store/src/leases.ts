import { randomUUID } from "node:crypto";
import type pg from "pg";

/**
 * Takes or keeps a lease of this name for so long; gives whether it is ours. It ends with its time,
 * whatever became of its holder, so whoever lost it without noticing must do no harm by going on.
 */
export type Lease = (name: string, forMs: number) => Promise<boolean>;

const TAKE = {
  name: "take_lease",
  text: "SELECT ledger.take_lease($1, $2, $3) AS is_ours",
};

/** Leases of a holder of its own. */
export function createLease(pool: pg.Pool): Lease {
  const holder = randomUUID();
  return async (name, forMs) => {
    const { rows } = await pool.query({ ...TAKE, values: [name, holder, forMs] });
    return rows[0].is_ours;
  };
}

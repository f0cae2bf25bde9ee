import { randomUUID } from "node:crypto";
import type pg from "pg";

/**
 * Takes or keeps a lease of this name for so long; gives whether it is ours. It ends with its time,
 * whatever became of its holder, so whoever lost it without noticing must do no harm by going on.
 */
export type Lease = (name: string, forMs: number) => Promise<boolean>;

/**
 * Takes leases from whoever has them, as the owner of the log, and keeps them until `release` is
 * called or this process ends. Holders that renew theirs find out within a second.
 */
export async function seizeLeases(
  pool: pg.Pool,
  names: readonly string[],
): Promise<{ release(): Promise<void> }> {
  const holder = randomUUID();
  const take = () => pool.query({ ...SEIZE, values: [names, holder, SEIZED_MS] });
  await take();
  const timer = setInterval(() => void take().catch(() => undefined), SEIZED_MS / 3);
  return {
    async release() {
      clearInterval(timer);
      await pool.query("DELETE FROM ledger.leases WHERE holder = $1", [holder]);
    },
  };
}

const SEIZED_MS = 30_000;
const SEIZE = {
  text: `INSERT INTO ledger.leases AS l (name, holder, expires_at)
         SELECT name, $2, clock_timestamp() + $3 * interval '1 millisecond'
           FROM unnest($1::text[]) AS name
         ON CONFLICT (name) DO UPDATE
           SET holder = excluded.holder, expires_at = excluded.expires_at`,
};

/** How far a worker has come, as text that sorts; kept for whoever goes on with it. */
export interface Marks {
  /** Empty where none was set. */
  get(name: string): Promise<string>;
  /** Never sets one back. */
  set(name: string, mark: string): Promise<void>;
}

export function createMarks(pool: pg.Pool): Marks {
  return {
    async get(name) {
      const { rows } = await pool.query({ ...GET_MARK, values: [name] });
      return rows[0]?.mark ?? "";
    },
    async set(name, mark) {
      await pool.query({ ...SET_MARK, values: [name, mark] });
    },
  };
}

const GET_MARK = { name: "get_mark", text: "SELECT mark FROM ledger.marks WHERE name = $1" };
const SET_MARK = { name: "set_mark", text: "SELECT ledger.set_mark($1, $2)" };

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

import { randomUUID } from "node:crypto";
import type pg from "pg";
import type { AnswerKey, EventStore } from "./port.ts";

const ANNOUNCE = {
  name: "announce",
  text: `SELECT taken_scope AS scope, taken_key AS key FROM ledger.announce($1, $2, $3, $4)`,
};

/** Gives the `announce` of a store, which is a process to all others. */
export function createAnnouncements(pool: pg.Pool): EventStore["announce"] {
  const process = randomUUID();
  return async (flights) => {
    const values = [
      process,
      flights.map(({ scope }) => scope),
      flights.map(({ key }) => key),
      flights.map(({ ageMs }) => ageMs),
    ];
    const { rows } = await pool.query<AnswerKey>({ ...ANNOUNCE, values });
    return rows;
  };
}

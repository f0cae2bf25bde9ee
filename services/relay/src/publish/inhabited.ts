import { partitionOf } from "@countinghouse/bus";
import type pg from "pg";

/** Streams looked at in one query. */
const PAGE_STREAMS = 5_000;

const PAGE = `
  SELECT ledger_id, stream_id FROM ledger.streams
   WHERE (ledger_id, stream_id) > ($1, $2) AND category = $3
   ORDER BY ledger_id, stream_id LIMIT ${PAGE_STREAMS}`;

const FIRST = { ledger_id: 0, stream_id: "00000000-0000-0000-0000-000000000000" };

/**
 * Which of these partitions some stream of the category belongs into. Where there are many streams
 * the first few tell; where there are few all of them are looked at.
 */
export async function inhabited(
  pool: pg.Pool,
  asked: readonly number[],
  partitions: number,
  category: string,
): Promise<readonly number[]> {
  const left = new Set(asked);
  let last = FIRST;
  while (left.size > 0) {
    const { rows } = await pool.query(PAGE, [last.ledger_id, last.stream_id, category]);
    for (const { stream_id: id } of rows) left.delete(partitionOf(id, partitions));
    if (rows.length < PAGE_STREAMS) break;
    last = rows.at(-1);
  }
  return asked.filter((partition) => !left.has(partition));
}

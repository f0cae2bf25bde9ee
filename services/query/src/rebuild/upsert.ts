import type pg from "pg";
import type { RowsOfTable } from "../projections/projection.ts";

/** Rows of one statement. */
const ROWS_MAX = 5_000;

/** Writes rows by their keys, over what is there. */
export async function upsertInto(
  client: pg.ClientBase,
  schema: string,
  { table, types, rows, key }: RowsOfTable,
): Promise<void> {
  const columns = Object.keys(types);
  const arrays = Object.entries(types).map(([, type], i) => `$${i + 1}::${type}[]`);
  const changes = columns.filter((column) => !key.includes(column));
  const text = `INSERT INTO ${schema}.${table} (${columns.join(", ")})
    SELECT * FROM unnest(${arrays.join(", ")})
    ON CONFLICT (${key.join(", ")}) DO UPDATE
    SET ${changes.map((column) => `${column} = excluded.${column}`).join(", ")}`;
  for (let at = 0; at < rows.length; at += ROWS_MAX) {
    const some = rows.slice(at, at + ROWS_MAX) as Readonly<Record<string, unknown>>[];
    await client.query(
      text,
      columns.map((column) => some.map((row) => row[column])),
    );
  }
}

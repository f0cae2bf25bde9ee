import type pg from "pg";
import { projections } from "../projections/index.ts";
import { READ_SCHEMA } from "../tables.ts";
import { NEXT_SCHEMA } from "./shadow.ts";

/** One row in which the live tables are not what the log makes them. */
export interface Difference {
  readonly table: string;
  /** The columns that tell the row from others. */
  readonly key: Readonly<Record<string, string>>;
  readonly kind: "missing" | "too_many" | "changed";
  /** What the log makes of it, where it is there: the columns that differ. */
  readonly expected: Readonly<Record<string, string | null>>;
  /** What the live table has, where it is there: the columns that differ. */
  readonly found: Readonly<Record<string, string | null>>;
}

export interface TableComparison {
  readonly table: string;
  /** Rows in either. */
  readonly rows: number;
  readonly differing: number;
  /** The first of them, by key. */
  readonly first: readonly Difference[];
}

/**
 * Compares every row of the live tables with what was rebuilt, in one snapshot. Gives, for each
 * table, how many rows there are, how many differ, and the first that do.
 */
export async function* compareTables(
  reader: pg.ClientBase,
  shownMax: number,
): AsyncGenerator<TableComparison> {
  for (const { name: table, key } of projections.flatMap(({ tables }) => tables)) {
    const { rows } = await reader.query<{ rows: string; differing: string }>(
      `SELECT count(*) AS rows, count(*) FILTER (WHERE l IS DISTINCT FROM n) AS differing
       FROM ${bothOf(table, key)}`,
    );
    const differing = Number(rows[0]?.differing ?? 0);
    const first = differing === 0 ? [] : await firstOf(reader, table, key, shownMax);
    yield { table, rows: Number(rows[0]?.rows ?? 0), differing, first };
  }
}

function bothOf(table: string, key: readonly string[]): string {
  return `${READ_SCHEMA}.${table} AS l FULL JOIN ${NEXT_SCHEMA}.${table} AS n
    USING (${key.join(", ")})`;
}

type Columns = Record<string, string | null>;

async function firstOf(
  reader: pg.ClientBase,
  table: string,
  key: readonly string[],
  shownMax: number,
): Promise<Difference[]> {
  // As text, since a number of JSON would not hold a balance.
  const columnsOf = (row: string) => {
    return `(SELECT jsonb_object_agg(key, value) FROM jsonb_each_text(to_jsonb(${row})))`;
  };
  const { rows } = await reader.query<{ live: Columns | null; next: Columns | null }>(
    `SELECT ${columnsOf("l")} AS live, ${columnsOf("n")} AS next
     FROM ${bothOf(table, key)} WHERE l IS DISTINCT FROM n
     ORDER BY ${key.join(", ")} LIMIT $1`,
    [shownMax],
  );
  return rows.map(({ live, next }) => differenceOf(table, key, live, next));
}

function differenceOf(
  table: string,
  key: readonly string[],
  live: Columns | null,
  next: Columns | null,
): Difference {
  const either = next ?? live ?? {};
  const names = Object.keys(either).filter((column) => !key.includes(column));
  const differing = names.filter((column) => live?.[column] !== next?.[column]);
  const pick = (row: Columns | null, columns: readonly string[]) => {
    return Object.fromEntries(row === null ? [] : columns.map((name) => [name, row[name] ?? null]));
  };
  return {
    table,
    key: Object.fromEntries(key.map((column) => [column, either[column] ?? ""])),
    kind: live === null ? "missing" : next === null ? "too_many" : "changed",
    expected: pick(next, differing),
    found: pick(live, differing),
  };
}

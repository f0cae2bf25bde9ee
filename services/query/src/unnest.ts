import { type RawBuilder, sql } from "kysely";

const ARRAYS = {
  uuid: sql`uuid[]`,
  int: sql`int[]`,
  bigint: sql`bigint[]`,
  numeric: sql`numeric[]`,
  text: sql`text[]`,
  timestamptz: sql`timestamptz[]`,
  date: sql`date[]`,
} as const;

/** The columns of rows that are made here, with their types in the database. */
export type ColumnTypes<Row> = { readonly [Column in keyof Row]: keyof typeof ARRAYS };

/**
 * Rows as one table expression, a single array parameter a column: however many rows, the statement
 * stays the same. Named `as("n")`, with its columns, it can be selected and joined.
 */
export function unnest<Row extends object>(rows: readonly Row[], types: ColumnTypes<Row>) {
  const columns = Object.keys(types) as (keyof Row & string)[];
  const arrays = columns.map((column) => {
    const values = rows.map((row) => row[column]);
    return sql`${values}::${ARRAYS[types[column]]}`;
  });
  const table: RawBuilder<Row> = sql<Row>`unnest(${sql.join(arrays)})`;
  const names = sql.join(columns.map((column) => sql.id(column)));
  return {
    columns,
    /** All rows, in the order of `columns`. */
    select: sql<Row>`select * from ${table}`,
    as: <Alias extends string>(alias: Alias) => table.as<Alias>(sql`${sql.id(alias)} (${names})`),
  };
}

import type pg from "pg";
import { NEXT_SCHEMA } from "./shadow.ts";

/** A statement that gives a table back an index. */
export type IndexStatement = string;

/**
 * Takes the indexes from tables that are only added to while they are filled. Gives the statements
 * that make them again, each table's own together.
 */
export async function dropIndexes(
  owner: pg.ClientBase,
  tables: readonly string[],
): Promise<IndexStatement[][]> {
  const { rows } = await owner.query<IndexRow>(FIND, [NEXT_SCHEMA, tables]);
  for (const { table, name, isPrimary } of rows) {
    const drops = isPrimary
      ? `ALTER TABLE ${NEXT_SCHEMA}.${table} DROP CONSTRAINT ${name}`
      : `DROP INDEX ${NEXT_SCHEMA}.${name}`;
    await owner.query(drops);
  }
  return rows.map(({ table, name, definition, isPrimary }) => {
    if (!isPrimary) return [definition];
    const makes = `ADD CONSTRAINT ${name} PRIMARY KEY USING INDEX ${name}`;
    return [definition, `ALTER TABLE ${NEXT_SCHEMA}.${table} ${makes}`];
  });
}

interface IndexRow {
  readonly table: string;
  readonly name: string;
  readonly definition: string;
  readonly isPrimary: boolean;
}

const FIND = `
  SELECT t.relname AS table, i.relname AS name, indisprimary AS "isPrimary",
    pg_get_indexdef(indexrelid) AS definition
  FROM pg_index
  JOIN pg_class AS i ON i.oid = indexrelid
  JOIN pg_class AS t ON t.oid = indrelid
  JOIN pg_namespace AS n ON n.oid = t.relnamespace
  WHERE n.nspname = $1 AND t.relname = ANY($2)
  ORDER BY pg_relation_size(t.oid) DESC, i.relname`;

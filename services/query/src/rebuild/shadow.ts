import type pg from "pg";
import { READ_MIGRATIONS, statementsFor } from "../migrations/index.ts";
import { projections } from "../projections/index.ts";
import { READ_SCHEMA } from "../tables.ts";

/** Where read tables are rebuilt, beside the live ones. */
export const NEXT_SCHEMA = "read_next";
/** Where the read tables are that were live before the last switch. */
export const PREVIOUS_SCHEMA = "read_previous";

/** A rebuild cannot do what it was asked to; its message is a sentence for the operator. */
export class RebuildError extends Error {
  readonly code = "rebuild_refused";
  readonly retryable = false;
  override readonly name = "RebuildError";
}

interface Note {
  readonly isReady: boolean;
  /** By which migrations the tables were made. */
  readonly migrations: readonly string[];
}

/** Makes empty read tables under another name, without what slows filling them down. */
export async function createShadow(owner: pg.ClientBase): Promise<void> {
  await owner.query(`DROP SCHEMA IF EXISTS ${NEXT_SCHEMA} CASCADE`);
  for (const statement of statementsFor(NEXT_SCHEMA)) await owner.query(statement);
  await setWalls(owner, "DISABLE");
  await writeNote(owner, NEXT_SCHEMA, false);
}

/** The tables are full: up with their walls. */
export async function finishShadow(owner: pg.ClientBase): Promise<void> {
  await setWalls(owner, "ENABLE");
  await writeNote(owner, NEXT_SCHEMA, true);
}

/** Row-level security, which COPY does not go together with. */
async function setWalls(owner: pg.ClientBase, does: "ENABLE" | "DISABLE"): Promise<void> {
  for (const { name } of projections.flatMap(({ tables }) => tables)) {
    await owner.query(`ALTER TABLE ${NEXT_SCHEMA}.${name} ${does} ROW LEVEL SECURITY`);
  }
}

/** What a schema's tables were made by, so that tables of another release never become live. */
export async function writeNote(
  owner: pg.ClientBase,
  schema: string,
  isReady: boolean,
): Promise<void> {
  const note: Note = { isReady, migrations: Object.keys(READ_MIGRATIONS) };
  await owner.query(`COMMENT ON SCHEMA ${schema} IS '${JSON.stringify(note)}'`);
}

/** Throws a RebuildError unless a schema is there, full, and as this release makes it. */
export async function assertReady(owner: pg.ClientBase, schema: string): Promise<void> {
  const { rows } = await owner.query<{ note: string | null }>(
    `SELECT obj_description(oid, 'pg_namespace') AS note FROM pg_namespace WHERE nspname = $1`,
    [schema],
  );
  const what = schema === PREVIOUS_SCHEMA ? "tables of before a switch" : "rebuilt tables";
  if (rows[0] === undefined) throw new RebuildError(`There are no ${what}.`);
  const note = JSON.parse(rows[0].note ?? "{}") as Partial<Note>;
  if (note.isReady !== true) throw new RebuildError(`The ${what} are not complete.`);
  if (note.migrations?.join() !== Object.keys(READ_MIGRATIONS).join()) {
    throw new RebuildError(`The ${what} are of another release; rebuild them.`);
  }
}

/** All tables of the projections in a schema, in the order in which queries read them. */
export function tablesIn(schema: string = READ_SCHEMA): string[] {
  return projections.flatMap(({ tables }) => tables.map(({ name }) => `${schema}.${name}`));
}

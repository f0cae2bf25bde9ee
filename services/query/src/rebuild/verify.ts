import { setTimeout as pause } from "node:timers/promises";
import type pg from "pg";
import { READ_SCHEMA } from "../tables.ts";
import { alignWith, catchUp } from "./catch-up.ts";
import { compareTables, type TableComparison } from "./compare.ts";
import {
  connected,
  type Followed,
  type RebuildDeps,
  whileNobodyWrites,
  withTables,
} from "./session.ts";
import { assertReady, NEXT_SCHEMA } from "./shadow.ts";

/** How long the live tables may make no progress before what they lack counts as lacking. */
const LIVE_PATIENCE_MS = 5_000;
const LOOK_EVERY_MS = 200;

export interface VerifyOptions {
  /** How many differences of a table are shown. */
  readonly shownMax: number;
  readonly patienceMs?: number;
  readonly onTable?: (comparison: TableComparison) => void;
}

/**
 * Compares the live tables with those that were rebuilt, row by row and at the same place of the
 * log, while both go on. Throws a RebuildError when nothing was rebuilt.
 */
export async function verify(
  deps: RebuildDeps,
  options: VerifyOptions,
): Promise<TableComparison[]> {
  await connected(deps.ownerUrl, (owner) => assertReady(owner, NEXT_SCHEMA));
  return connected(deps.projectorUrl, async (reader) => {
    await withTables(deps, NEXT_SCHEMA, async (next) => {
      await catchUp(deps.log, next);
      await untilLiveHasAll(reader, options.patienceMs ?? LIVE_PATIENCE_MS);
      await whileNobodyWrites(deps, () => snapshotAtOnePlace(deps, next, reader));
    });
    const comparisons: TableComparison[] = [];
    for await (const comparison of compareTables(reader, options.shownMax)) {
      comparisons.push(comparison);
      options.onTable?.(comparison);
    }
    await reader.query("COMMIT");
    return comparisons;
  });
}

/** What is still missing when nothing has come for a while is shown as a difference. */
async function untilLiveHasAll(reader: pg.Client, patienceMs: number): Promise<void> {
  let [fewest, sinceMs] = [Number.POSITIVE_INFINITY, performance.now()];
  for (;;) {
    const missing = await countBehind(reader, NEXT_SCHEMA);
    if (missing === 0) return;
    if (missing < fewest) [fewest, sinceMs] = [missing, performance.now()];
    if (performance.now() - sinceMs > patienceMs) return;
    await pause(LOOK_EVERY_MS);
  }
}

/** Of how many accounts in a schema the live tables have an older version, or none. */
export async function countBehind(reader: pg.ClientBase, schema: string): Promise<number> {
  const { rows } = await reader.query<{ count: string }>(
    `SELECT count(*) FROM ${schema}.accounts AS n
     LEFT JOIN ${READ_SCHEMA}.accounts AS l USING (account_id)
     WHERE l.version IS NULL OR l.version < n.version`,
  );
  return Number(rows[0]?.count ?? 0);
}

/** The rebuilt tables are brought to where the live ones are, and a snapshot of both is taken. */
async function snapshotAtOnePlace(
  deps: RebuildDeps,
  next: Followed,
  reader: pg.Client,
): Promise<void> {
  await alignWith(deps.log, next, async (accountIds) => {
    const { rows } = await reader.query<{ account_id: string; version: number }>(
      `SELECT account_id, version FROM ${READ_SCHEMA}.accounts WHERE account_id = ANY($1::uuid[])`,
      [accountIds],
    );
    return new Map(rows.map((row) => [row.account_id, row.version]));
  });
  await reader.query("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
  await reader.query("SELECT pg_current_snapshot()");
}

import type pg from "pg";
import { logSourceOf } from "../log-source.ts";
import { projections } from "../projections/index.ts";
import { park } from "../projector/store.ts";
import { catchUp } from "./catch-up.ts";
import { dropIndexes, type IndexStatement } from "./indexes.ts";
import { type Loaded, type LoadProgress, load } from "./load.ts";
import { connected, type RebuildDeps, withTables } from "./session.ts";
import { createShadow, finishShadow, NEXT_SCHEMA, tablesIn } from "./shadow.ts";

/** Of one index that is being made. */
const INDEX_MEMORY = "256MB";

export type Phase = "load" | "index" | "catch up";

export interface RebuildOptions {
  /** Events a second at most; absent, as many as there can be. */
  readonly rate?: number | undefined;
  readonly onPhase?: (phase: Phase) => void;
  readonly onProgress?: (progress: LoadProgress) => void;
}

/**
 * Builds the read tables anew from the log, beside the live ones, which go on as they are. What was
 * rebuilt before is dropped. Throws a RebuildError when the log is not whole.
 */
export async function rebuild(deps: RebuildDeps, options: RebuildOptions = {}): Promise<Loaded> {
  const loaded = await connected(deps.ownerUrl, (rows) => {
    return connected(deps.ownerUrl, (lines) => fill(deps, options, { rows, lines }));
  });
  options.onPhase?.("catch up");
  await withTables(deps, NEXT_SCHEMA, (next) => catchUp(deps.log, next));
  return loaded;
}

async function fill(
  deps: RebuildDeps,
  options: RebuildOptions,
  writers: { readonly rows: pg.Client; readonly lines: pg.Client },
): Promise<Loaded> {
  const both = [writers.rows, writers.lines];
  for (const writer of both) {
    // A crash ends the rebuild, so nothing has to be on disk before the switch, which sees to it.
    await writer.query("SET synchronous_commit = off");
    await writer.query(`SET maintenance_work_mem = '${INDEX_MEMORY}'`);
  }
  options.onPhase?.("load");
  await createShadow(writers.rows);
  const indexes = await dropIndexes(writers.rows, addedTo());
  const loaded = await load({ ...options, log: deps.log, writers });
  options.onPhase?.("index");
  await makeIndexes(both, indexes);
  for (const table of tablesIn(NEXT_SCHEMA)) await writers.rows.query(`ANALYZE ${table}`);
  await finishShadow(writers.rows);
  await storePlaces(deps, loaded);
  return loaded;
}

/** Tables that are only added to; their indexes are made once they are full. */
function addedTo(): string[] {
  return projections.flatMap((one) =>
    one
      .gather()
      .appended()
      .map(({ table }) => table),
  );
}

/** As many at once as there are connections, the largest first. */
async function makeIndexes(clients: readonly pg.Client[], indexes: readonly IndexStatement[][]) {
  const left = [...indexes];
  const work = async (writer: pg.Client) => {
    for (let next = left.shift(); next !== undefined; next = left.shift()) {
      for (const statement of next) await writer.query(statement);
    }
  };
  await Promise.all(clients.map(work));
}

function storePlaces(deps: RebuildDeps, { heads, parked }: Loaded): Promise<void> {
  return withTables(deps, NEXT_SCHEMA, ({ db }) => {
    return db.transaction().execute(async (tx) => {
      await park(tx, parked);
      for (const { ledger, position } of heads) {
        const place = { source: logSourceOf(ledger), position: String(position) };
        await tx
          .insertInto("cursors")
          .values({ ...place, recorded_at: null })
          .execute();
      }
    });
  });
}

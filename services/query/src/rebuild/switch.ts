import type pg from "pg";
import { APPLIED_CHANNEL } from "../announcements/payload.ts";
import { logSourceOf } from "../log-source.ts";
import { READ_SCHEMA } from "../tables.ts";
import { catchUp, catchUpOnce } from "./catch-up.ts";
import { connected, type RebuildDeps, whileNobodyWrites, withTables } from "./session.ts";
import { assertReady, NEXT_SCHEMA, PREVIOUS_SCHEMA, tablesIn, writeNote } from "./shadow.ts";
import { countBehind } from "./verify.ts";

/**
 * Makes the rebuilt tables the live ones, in one transaction, and keeps those that were. Readers
 * notice nothing; the new tables have all that the old ones had. Throws a RebuildError when nothing
 * was rebuilt, or by another release.
 */
export function switchOver(deps: RebuildDeps): Promise<void> {
  return exchange(deps, NEXT_SCHEMA, PREVIOUS_SCHEMA);
}

/** Makes the tables of before the last switch the live ones again, brought up to the log. */
export function rollBack(deps: RebuildDeps): Promise<void> {
  return exchange(deps, PREVIOUS_SCHEMA, NEXT_SCHEMA);
}

async function exchange(deps: RebuildDeps, coming: string, going: string): Promise<void> {
  await connected(deps.ownerUrl, (owner) => assertReady(owner, coming));
  await withTables(deps, coming, async (tables) => {
    await catchUp(deps.log, tables);
    await whileNobodyWrites(deps, async (owner) => {
      await catchUpOnce(deps.log, tables);
      const behind = await connected(deps.projectorUrl, (reader) => countBehind(reader, coming));
      if (behind === 0) await storeLogPlaces(deps, owner);
      await takeTopicPlaces(owner, coming);
      await rename(owner, coming, going);
    });
  });
}

/** Where the tables that go are in the log, so that a way back begins there. */
async function storeLogPlaces({ log }: RebuildDeps, owner: pg.Client): Promise<void> {
  for (const { ledger, position } of await log.heads()) {
    await owner.query(
      `INSERT INTO ${READ_SCHEMA}.cursors VALUES ($1, $2, NULL)
       ON CONFLICT (source) DO UPDATE SET position = greatest(cursors.position, excluded.position)`,
      [logSourceOf(ledger), position],
    );
  }
}

/** What the live tables have taken from a topic, those that have caught up with the log have. */
async function takeTopicPlaces(owner: pg.Client, coming: string): Promise<void> {
  await owner.query(
    `INSERT INTO ${coming}.cursors SELECT * FROM ${READ_SCHEMA}.cursors WHERE source LIKE 'kafka:%'
     ON CONFLICT (source) DO UPDATE SET position = greatest(cursors.position, excluded.position)`,
  );
}

async function rename(owner: pg.Client, coming: string, going: string): Promise<void> {
  // Whoever reads has read to the end; whoever comes waits, and finds the new tables.
  await owner.query(`LOCK TABLE ${tablesIn(READ_SCHEMA).join(", ")} IN ACCESS EXCLUSIVE MODE`);
  await owner.query(`DROP SCHEMA IF EXISTS ${going} CASCADE`);
  await owner.query(`ALTER SCHEMA ${READ_SCHEMA} RENAME TO ${going}`);
  await owner.query(`ALTER SCHEMA ${coming} RENAME TO ${READ_SCHEMA}`);
  await writeNote(owner, going, true);
  // To everybody: look again, the tables may have more than you heard of.
  await owner.query(`NOTIFY ${APPLIED_CHANNEL}`);
}

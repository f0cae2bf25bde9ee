import { createPool, type Logger, type Scope } from "@countinghouse/service-kit";
import { sql } from "kysely";
import pg from "pg";
import type { Look } from "./consistency/waiting-room.ts";
import { GatheringSocket } from "./gathering-socket.ts";
import type { ReadNext } from "./live/hub.ts";
import { createStatementNames, isOutdated, statementsOn } from "./prepared.ts";
import { listNext } from "./projections/entries/queries.ts";
import type { Tx } from "./tables.ts";

/**
 * Runs the statements of one answer on one snapshot, as a caller who sees the rows of their scope
 * and no others: what a query forgets to ask, row-level security still asks. Statements begun
 * before another is awaited go out together. `work` only reads, and may run a second time.
 */
export type ReadAs = <T>(scope: Scope, work: (tx: Tx) => Promise<T>) => Promise<T>;

/** A plan kept from when a table was small would be kept for long; making one costs little. */
const PLANS = "-c plan_cache_mode=force_custom_plan";

/** Connections to read with, as the role that reads. */
export function createReadPool(url: string, logger: Logger): pg.Pool {
  const socket = () => new GatheringSocket();
  return createPool(url, "query", logger, { pipeline: true, socket, options: PLANS });
}

/**
 * Reads over a pool of pipelined connections, each of which keeps its statements parsed. What a
 * read waits for is its own statements: the transaction is begun and ended beside them.
 */
export function createReadAs(pool: pg.Pool): ReadAs {
  const names = createStatementNames();
  const known = new WeakMap<pg.PoolClient, Tx>();

  async function readOnce<T>(scope: Scope, work: (tx: Tx) => Promise<T>): Promise<T> {
    const client = await pool.connect();
    const tx = known.get(client) ?? statementsOn(client, names);
    known.set(client, tx);
    const begun = client.query(beginAs(scope));
    // Where it fails, so does what follows; it is told of below.
    begun.catch(() => undefined);
    try {
      const result = await work(tx);
      await begun;
      return result;
    } finally {
      const [release, discard] = [() => client.release(), (err: Error) => client.release(err)];
      client.query({ name: "commit", text: "commit" }).then(release, discard);
    }
  }

  return async (scope, work) => {
    try {
      return await readOnce(scope, work);
    } catch (error) {
      if (!isOutdated(error)) throw error;
      names.renew();
      return readOnce(scope, work);
    }
  };
}

/** One message, so that no statement of the work can be anyone else's. */
function beginAs(scope: Scope): string {
  const subject = scope.kind === "own" ? scope.userId : "";
  return `begin isolation level repeatable read, read only;
    select set_config('app.scope', ${pg.escapeLiteral(scope.kind)}, true),
      set_config('app.subject', ${pg.escapeLiteral(subject)}, true)`;
}

/** The look of the waiting room: versions are for the service, never answered. */
export function createLook(readAs: ReadAs): Look {
  return (accountIds) => {
    return readAs({ kind: "any" }, async (tx) => {
      const rows = await tx
        .selectFrom("accounts")
        .select(["account_id", "version"])
        .where("account_id", "=", sql<string>`any(${accountIds}::uuid[])`)
        .execute();
      return new Map(rows.map((row) => [row.account_id, row.version]));
    });
  };
}

/** What streams read; whose an account is was asked when the stream was opened, and stays so. */
export function createReadNext(readAs: ReadAs): ReadNext {
  return (wants, limit) => readAs({ kind: "any" }, (tx) => listNext(tx, wants, limit));
}

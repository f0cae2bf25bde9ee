import type { Scope } from "@countinghouse/service-kit";
import { sql } from "kysely";
import type { Look } from "./consistency/waiting-room.ts";
import { LOG_SOURCE } from "./log-source.ts";
import type { Database, Tx } from "./tables.ts";

/**
 * Runs the statements of one answer on one snapshot, as a caller who sees the rows of their scope
 * and no others: what a query forgets to ask, row-level security still asks.
 */
export function readAs<T>(db: Database, scope: Scope, work: (tx: Tx) => Promise<T>): Promise<T> {
  const subject = scope.kind === "own" ? scope.userId : "";
  return db
    .transaction()
    .setIsolationLevel("repeatable read")
    .setAccessMode("read only")
    .execute(async (tx) => {
      await sql`select set_config('app.scope', ${scope.kind}, true),
        set_config('app.subject', ${subject}, true)`.execute(tx);
      return work(tx);
    });
}

/**
 * The look of the waiting room: versions and positions are for the service, never answered. Only
 * ledgers that are followed over HTTP have a position; over Kafka one is never reached.
 */
export function createLook(db: Database): Look {
  return (accountIds, ledgers) => {
    return readAs(db, { kind: "any" }, async (tx) => {
      const versions = await tx
        .selectFrom("accounts")
        .select(["account_id", "version"])
        .where("account_id", "=", sql<string>`any(${accountIds}::uuid[])`)
        .execute();
      const sources = ledgers.map(LOG_SOURCE.of);
      const positions = await tx
        .selectFrom("cursors")
        .select(["source", "position"])
        .where("source", "=", sql<string>`any(${sources}::text[])`)
        .execute();
      return {
        versions: new Map(versions.map((row) => [row.account_id, row.version])),
        positions: new Map(
          positions.map((row) => [LOG_SOURCE.ledgerOf(row.source) ?? 0, Number(row.position)]),
        ),
      };
    });
  };
}

import type { Scope } from "@countinghouse/service-kit";
import { sql } from "kysely";
import type { Look } from "./consistency/waiting-room.ts";
import type { ReadNext } from "./live/hub.ts";
import { listNext } from "./projections/entries/queries.ts";
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

/** The look of the waiting room: versions are for the service, never answered. */
export function createLook(db: Database): Look {
  return (accountIds) => {
    return readAs(db, { kind: "any" }, async (tx) => {
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
export function createReadNext(db: Database): ReadNext {
  return (wants, limit) => readAs(db, { kind: "any" }, (tx) => listNext(tx, wants, limit));
}

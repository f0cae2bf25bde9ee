import { createLogger } from "@countinghouse/service-kit";
import type { LogEvent } from "../../src/events/account-event.ts";
import type { LogPages, LogSlice } from "../../src/rebuild/log-pages.ts";
import type { RebuildDeps } from "../../src/rebuild/session.ts";
import { asAdmin } from "./database.ts";
import type { FakeLog } from "./fake-log.ts";
import { type Projecting, projecting } from "./projecting.ts";

/** A projector on a database of its own, and an operator's tool for the same database. */
export interface Rebuilding extends Projecting {
  readonly deps: RebuildDeps;
}

export async function rebuilding(): Promise<Rebuilding> {
  const world = await projecting();
  for (const schema of ["read_next", "read_previous"]) {
    await asAdmin(world.database, `DROP SCHEMA IF EXISTS ${schema} CASCADE`);
  }
  const deps: RebuildDeps = {
    ownerUrl: world.database.owner,
    projectorUrl: world.database.projector,
    log: pagesOf(world.log),
    logger: createLogger("query", { LOG_LEVEL: "silent" }),
  };
  return { ...world, deps };
}

/** The log in memory, as it is read from end to end. */
export function pagesOf(log: FakeLog): LogPages {
  return {
    heads: async () => [{ ledger: log.ledger, position: log.events.length }],
    async page({ after, upTo, limit }: LogSlice): Promise<LogEvent[]> {
      return log.events.slice(after, Math.min(upTo, after + limit));
    },
    readStream: (...place) => log.readStream(...place),
    readRange: (range) => log.readRange(range),
  };
}

/** Accounts in several currencies that have everything happen to them, on several days. */
export function fillLog(log: FakeLog, rounds = 4): string[] {
  const ids: string[] = [];
  for (const [i, currency] of ["EUR", "JPY", "BHD"].entries()) {
    const [a, b] = [log.open({ currency, name: `No ${i}\t"\\N"` }), log.open({ currency })];
    ids.push(a, b);
    for (let n = 1; n <= rounds; n += 1) {
      log.deposit(a, `${n * 10}`, `Tab\there, ${n} \\ € and\nmore`);
      log.nowMs += 5 * 3_600_000;
      const sent = log.transfer(a, b, `${n}`, "\\N");
      log.withdraw(a, "1");
      if (n % 2 === 0) log.reverse(sent, "sent twice");
    }
    log.status(b, "AccountFrozen");
  }
  return ids;
}

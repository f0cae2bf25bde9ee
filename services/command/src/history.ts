import { randomBytes, randomUUID } from "node:crypto";
import type { Role } from "@countinghouse/contracts";
import { makeLedgerId } from "@countinghouse/domain";
import {
  createHistoryStore,
  createScheduleBook,
  type EventStore,
  SCHEDULES_LEASE,
  type ScheduleBook,
  seizeLeases,
} from "@countinghouse/event-store";
import {
  createConsistencyTokens,
  createCursors,
  createLogger,
  createMetrics,
  createPool,
} from "@countinghouse/service-kit";
import { buildApp } from "./app.ts";
import { createBatcher } from "./batcher.ts";
import { createClock } from "./clock.ts";
import { AGGREGATES } from "./domain-aggregates.ts";
import { createExecutor } from "./executor.ts";
import { createHoldExpiry, HOLD_EXPIRY_LEASE } from "./hold-expiry.ts";
import { createInterestWorker, INTEREST_LEASE } from "./interest/interest-worker.ts";
import { createLedgers } from "./ledgers.ts";
import { createRandom } from "./random.ts";
import { createScheduler } from "./schedules/scheduler.ts";

/** Who asks: a user by one role. */
export interface Asker {
  readonly userId: string;
  readonly role: Role;
}

export interface Told {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: the answers of all routes
  readonly body: any;
}

/** The command service at a time of the past, for a ledger that has nothing later in it. */
export interface History {
  /** When all that is asked from here on happens; never earlier than what was asked before. */
  at(moment: Date): void;
  ask(by: Asker, method: string, path: string, body?: object): Promise<Told>;
  /** Does what the workers of the service would have done by now. */
  work(): Promise<void>;
  close(): Promise<void>;
}

export interface HistoryOptions {
  /** Of the role that owns the log: no other may put anything into the past. */
  readonly ownerUrl: string;
  readonly timeZone: string;
  /** The one that is filled; the workers of this process look at no other. */
  readonly ledger: number;
}

/**
 * Runs the routes of the service, decisions, batches and all, in this process and at times that are
 * given. What it writes is as a service would have written it then, but for the ids: they are of
 * the day on which this runs. Nobody can repeat its commands: its keys are random.
 */
export async function openHistory(options: HistoryOptions): Promise<History> {
  const { ownerUrl, timeZone } = options;
  const logger = createLogger("history", { LOG_LEVEL: "warn" });
  const pool = createPool(ownerUrl, "history", logger, { max: 4 });
  let now = new Date(0);
  // The workers of a bank that runs would take what is due long ago for something to do today.
  const leases = await seizeLeases(pool, [SCHEDULES_LEASE, HOLD_EXPIRY_LEASE, INTEREST_LEASE]);
  const store = storeOf(
    createHistoryStore(pool, () => now),
    options,
  );
  const [random, key] = [createRandom(8), randomBytes(32)];
  const parts = {
    ...{ logger, store, timeZone, book: bookOf(createScheduleBook(pool), options) },
    tokens: createConsistencyTokens(key),
    when: createClock(timeZone, () => now.valueOf()),
  };
  const app = buildApp({
    ...{ ...parts, readiness: [], cursors: createCursors(key), maskKey: key },
    metrics: createMetrics("command"),
    verify: (token) => {
      const [role, userId = ""] = token.split(".") as [Role, string];
      return { kind: "user", userId, sessionId: userId, roles: [role] };
    },
    ...{ userExists: async () => true, useOtp: async () => "no_mfa" },
  });
  await app.ready();
  const work = workersOf({
    ...parts,
    newId: (ledger) => makeLedgerId(Date.now(), ledger, random()),
  });
  return {
    at(moment) {
      now = moment;
    },
    async ask({ userId, role }, method, url, body) {
      const authorization = `Bearer ${role}.${userId}`;
      const headers = { authorization, "idempotency-key": randomUUID() };
      const payload = body === undefined ? {} : { payload: body };
      const answer = await app.inject({ method: method as "POST", url, headers, ...payload });
      const { statusCode: status, payload: text } = answer;
      return { status, body: text === "" ? undefined : JSON.parse(text) };
    },
    work,
    async close() {
      await app.close();
      await leases.release();
      await pool.end();
    },
  };
}

/** What workers see: this ledger alone, of which nothing was looked through before. */
function storeOf(store: EventStore, { ledger }: HistoryOptions): EventStore {
  return {
    ...store,
    lease: async () => true,
    marks: { get: async () => "", set: async () => undefined },
    ledgers: async () => [ledger],
    async findOverdueHolds(...slice) {
      const found = await store.findOverdueHolds(...slice);
      return found.filter((hold) => hold.ledger === ledger);
    },
  };
}

function bookOf(book: ScheduleBook, { ledger }: HistoryOptions): ScheduleBook {
  return {
    ...book,
    lease: async () => true,
    heads: async () => (await book.heads()).filter((head) => head.ledger === ledger),
  };
}

type Parts = Omit<Parameters<typeof createScheduler>[0], "execute" | "ledgers" | "metrics"> &
  Omit<Parameters<typeof createInterestWorker>[0], "execute" | "metrics"> &
  Pick<Parameters<typeof createBatcher>[0], "tokens">;

/** The workers, with metrics that nobody reads. */
function workersOf(parts: Parts): () => Promise<void> {
  const deps = { ...parts, aggregates: AGGREGATES, metrics: createMetrics("command") };
  const executor = createExecutor({ ...deps, batcher: createBatcher(deps) });
  const all = { ...deps, ...executor, ledgers: createLedgers(parts.store) };
  const workers = [createHoldExpiry(all), createScheduler(all), createInterestWorker(all)];
  return async () => {
    for (const worker of workers) await worker.look();
  };
}

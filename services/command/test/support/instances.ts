import { randomBytes, randomUUID } from "node:crypto";
import { makeLedgerId, type When } from "@countinghouse/domain";
import { createEventStore, createScheduleBook, type EventStore } from "@countinghouse/event-store";
import {
  type ConsistencyTokens,
  createConsistencyTokens,
  createCursors,
  createLogger,
  createMetrics,
  createPool,
  type Logger,
} from "@countinghouse/service-kit";
import { createDatabases } from "@countinghouse/testing";
import type { FastifyInstance } from "fastify";
import pg from "pg";
import { buildApp } from "../../src/app.ts";
import { createBatcher } from "../../src/batcher.ts";
import { createClock } from "../../src/clock.ts";
import { AGGREGATES } from "../../src/domain-aggregates.ts";
import { createExecutor } from "../../src/executor.ts";
import { createLedgers } from "../../src/ledgers.ts";
import { createRandom } from "../../src/random.ts";
import { createScheduler } from "../../src/schedules/scheduler.ts";
import type { Worker } from "../../src/worker.ts";
import type { Order } from "./model.ts";

/** The noon of the day that all orders are of. */
const NOW_MS = Date.parse("2026-11-24T12:00:00.000Z");
export const TODAY = "2026-11-24";

/** An answer as the bytes that it is. */
export interface Answer {
  readonly status: number;
  readonly text: string;
  readonly token: string;
  readonly isReplay: boolean;
  /** The code of a problem. */
  readonly code: string | undefined;
}

/** Instances of the command service on one log of two ledgers, and those who can harm them. */
export interface Instances {
  readonly tokens: ConsistencyTokens;
  readonly owner: pg.Pool;
  /** Sends a teller's command to an instance. */
  post(instance: number, order: Order): Promise<Answer>;
  /** One at each instance, which look when they are told to and mind no lease. */
  readonly schedulers: readonly Worker[];
  /** Ends so many connections of the instances, as a failing server would. */
  cut(count: number): Promise<number>;
  close(): Promise<void>;
}

/** `around` stands between each instance and the log. */
export async function openInstances(
  count: number,
  around: (store: EventStore) => EventStore,
): Promise<Instances> {
  const databases = await createDatabases();
  const owner = new pg.Pool({ connectionString: databases.ownerUrl("ledger"), max: 2 });
  await owner.query("INSERT INTO ledger.log_head (ledger_id, name) VALUES (2, 'second')");
  const admin = new pg.Client(databases.adminUrl("ledger"));
  await admin.connect();
  const logger = createLogger("command", { LOG_LEVEL: "silent" } as never);
  const tokens = createConsistencyTokens(randomBytes(32));
  const url = databases.urlOf("ledger", "countinghouse_command");
  const pools = Array.from({ length: count }, () => createPool(url, "command", logger));
  const clock = createClock("UTC", () => NOW_MS);
  const users = new Map<string, string>();
  const userOf = (token: string) => {
    const userId = users.get(token) ?? randomUUID();
    users.set(token, userId);
    return userId;
  };
  const schedulers = pools.map((pool) => schedulerOn(pool, around, { logger, tokens, clock }));
  const apps = pools.map((pool) => {
    return buildApp({
      ...{ logger, tokens, readiness: [], metrics: createMetrics("command") },
      store: around(createEventStore(pool)),
      cursors: createCursors(randomBytes(32)),
      book: createScheduleBook(pool),
      verify: (token) => ({
        ...{ kind: "user", userId: userOf(token), sessionId: randomUUID(), roles: ["teller"] },
      }),
      userExists: async () => true,
      useOtp: async () => "no_mfa",
      ...{ when: clock, timeZone: "UTC", maskKey: randomBytes(32) },
    });
  });
  return {
    ...{ tokens, owner, schedulers },
    post: (instance, order) => post(apps[instance], order),
    async cut(most) {
      const { rowCount } = await admin.query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
          WHERE usename = 'countinghouse_command' AND datname = current_database()
          ORDER BY state = 'active' DESC, random() LIMIT $1`,
        [most],
      );
      return rowCount ?? 0;
    },
    async close() {
      for (const app of apps) await app.close();
      for (const pool of [...pools, owner]) await pool.end();
      await admin.end();
      await databases.drop();
    },
  };
}

interface SchedulerParts extends Pick<Instances, "tokens"> {
  readonly logger: Logger;
  readonly clock: () => When;
}

function schedulerOn(
  pool: pg.Pool,
  around: (store: EventStore) => EventStore,
  { logger, tokens, clock }: SchedulerParts,
): Worker {
  const store = around(createEventStore(pool));
  const random = createRandom(8);
  const deps = { store, logger, tokens, aggregates: AGGREGATES, metrics: createMetrics("command") };
  return createScheduler({
    ...{ ...deps, ledgers: createLedgers(store), when: clock },
    ...createExecutor({ ...deps, batcher: createBatcher(deps) }),
    book: { ...createScheduleBook(pool), lease: async () => true },
    newId: (ledger) => makeLedgerId(Date.now(), ledger, random()),
  });
}

async function post(
  app: FastifyInstance | undefined,
  { method = "POST", path: url, body: payload, key, as = "teller" }: Order,
): Promise<Answer> {
  const headers = { authorization: `Bearer ${as}`, "idempotency-key": key };
  const answer = await app?.inject({ method, url, headers, payload });
  const { statusCode: status = 0, payload: text = "" } = answer ?? {};
  const token = String(answer?.headers["consistency-token"] ?? "");
  const isReplay = answer?.headers["idempotency-replayed"] === "true";
  return { status, text, token, isReplay, code: JSON.parse(text).code };
}

import { randomBytes, randomUUID } from "node:crypto";
import { createEventStore, createScheduleBook, type EventStore } from "@countinghouse/event-store";
import {
  createConsistencyTokens,
  createCursors,
  createLogger,
  createMetrics,
  createPool,
} from "@countinghouse/service-kit";
import { createDatabases } from "@countinghouse/testing";
import type { FastifyInstance } from "fastify";
import pg from "pg";
import { buildApp } from "../../src/app.ts";
import type { BatcherDeps } from "../../src/batcher.ts";
import { createClock } from "../../src/clock.ts";
import { AGGREGATES } from "../../src/domain-aggregates.ts";

/** An answer of the app. */
export interface Said {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  // biome-ignore lint/suspicious/noExplicitAny: what came is what each test looks at
  readonly body: any;
}

/** The inside of the command service on a real log; tests can get in the way of its store. */
export interface Bench {
  readonly deps: BatcherDeps;
  readonly owner: pg.Pool;
  /** As the command role. */
  readonly pool: pg.Pool;
  readonly url: string;
  get(path: string): Promise<Said>;
  delete(path: string, key?: string): Promise<Said>;
  /** Sends a teller's command to the app. */
  post(path: string, body?: object, key?: string): Promise<Said>;
  /** The value of a metric that has no labels of its own. */
  metric(name: string): Promise<number>;
  close(): Promise<void>;
}

interface Options {
  /** Connections to the database at most. */
  readonly connections?: number;
  readonly userExists?: () => Promise<boolean>;
  readonly now?: () => number;
}

/** `around` stands between the app and the log. */
export async function openBench(
  around: (store: EventStore) => EventStore,
  { connections = 10, userExists = async () => true, now = Date.now }: Options = {},
): Promise<Bench> {
  const databases = await createDatabases();
  const logger = createLogger("command", { LOG_LEVEL: "silent" } as never);
  const url = databases.urlOf("ledger", "countinghouse_command");
  const pool = createPool(url, "command", logger, { max: connections });
  const owner = new pg.Pool({ connectionString: databases.ownerUrl("ledger"), max: 2 });
  const store = around(createEventStore(pool));
  const tokens = createConsistencyTokens(randomBytes(32));
  const metrics = createMetrics("command");
  const userId = randomUUID();
  const app = buildApp({
    ...{ logger, metrics, store, tokens, readiness: [], book: createScheduleBook(pool) },
    cursors: createCursors(randomBytes(32)),
    verify: () => ({ kind: "user", userId, sessionId: randomUUID(), roles: ["teller"] }),
    ...{ userExists, useOtp: async () => "no_mfa", when: createClock("UTC", now) },
    maskKey: randomBytes(32),
  });
  await app.ready();
  return {
    ...{ owner, pool, url },
    // The app's metrics are taken; another batcher counts elsewhere.
    deps: { store, tokens, logger, aggregates: AGGREGATES, metrics: createMetrics("command") },
    post: (path, body, key) => send(app, "POST", path, { body, key }),
    get: (path) => send(app, "GET", path),
    delete: (path, key) => send(app, "DELETE", path, { key }),
    async metric(name) {
      const lines = (await metrics.registry.metrics()).split("\n");
      const line = lines.find((each) => each.startsWith(`${name}{`));
      return Number(line?.split(" ").at(-1));
    },
    async close() {
      await app.close();
      for (const each of [pool, owner]) await each.end();
      await databases.drop();
    },
  };
}

async function send(
  app: FastifyInstance,
  method: "GET" | "POST" | "DELETE",
  url: string,
  { body, key = randomUUID() }: { body?: object | undefined; key?: string | undefined } = {},
): Promise<Said> {
  const headers = { authorization: "Bearer a.b.c", "idempotency-key": key };
  const payload = body === undefined ? {} : { payload: body };
  const answer = await app.inject({ method, url, headers, ...payload });
  const { statusCode: status, payload: text } = answer;
  return { status, headers: answer.headers, body: text === "" ? undefined : JSON.parse(text) };
}

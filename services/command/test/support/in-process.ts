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
  /** The same, by another teller who has this name. */
  ask(method: Method, path: string, sending?: Sending): Promise<Said>;
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

/** `around` stands between the app and the log, which `owner` owns. */
export async function openBench(
  around: (store: EventStore, owner: pg.Pool) => EventStore,
  { connections = 10, userExists = async () => true, now = Date.now }: Options = {},
): Promise<Bench> {
  const databases = await createDatabases();
  const logger = createLogger("command", { LOG_LEVEL: "silent" } as never);
  const url = databases.urlOf("ledger", "countinghouse_command");
  const pool = createPool(url, "command", logger, { max: connections });
  const owner = new pg.Pool({ connectionString: databases.ownerUrl("ledger"), max: 2 });
  const store = around(createEventStore(pool), owner);
  const tokens = createConsistencyTokens(randomBytes(32));
  const metrics = createMetrics("command");
  const users = new Map<string, string>();
  const userOf = (token: string) => {
    const userId = users.get(token) ?? randomUUID();
    users.set(token, userId);
    return userId;
  };
  const app = buildApp({
    ...{ logger, metrics, store, tokens, readiness: [], book: createScheduleBook(pool) },
    cursors: createCursors(randomBytes(32)),
    verify: (token) => {
      const userId = userOf(token);
      return { kind: "user", userId, sessionId: randomUUID(), roles: ["teller"] };
    },
    ...{ userExists, useOtp: async () => "no_mfa", when: createClock("UTC", now) },
    timeZone: "UTC",
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
    ask: (method, path, sending) => send(app, method, path, sending),
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

type Method = "GET" | "POST" | "PUT" | "DELETE";

interface Sending {
  readonly body?: object | undefined;
  readonly key?: string | undefined;
  /** Who sends it. */
  readonly as?: string;
}

async function send(
  app: FastifyInstance,
  method: Method,
  url: string,
  { body, key = randomUUID(), as = "teller" }: Sending = {},
): Promise<Said> {
  const headers = { authorization: `Bearer ${as}`, "idempotency-key": key };
  const payload = body === undefined ? {} : { payload: body };
  const answer = await app.inject({ method, url, headers, ...payload });
  const { statusCode: status, payload: text } = answer;
  return { status, headers: answer.headers, body: text === "" ? undefined : JSON.parse(text) };
}

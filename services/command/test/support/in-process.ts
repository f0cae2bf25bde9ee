import { randomBytes, randomUUID } from "node:crypto";
import { createEventStore, type EventStore } from "@countinghouse/event-store";
import {
  createConsistencyTokens,
  createLogger,
  createMetrics,
  createPool,
} from "@countinghouse/service-kit";
import { createDatabases } from "@countinghouse/testing";
import { buildApp } from "../../src/app.ts";
import type { BatcherDeps } from "../../src/batcher.ts";
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
  /** Sends a teller's command to the app. */
  post(path: string, body?: object, key?: string): Promise<Said>;
  /** The value of a metric that has no labels of its own. */
  metric(name: string): Promise<number>;
  close(): Promise<void>;
}

export async function openBench(around: (store: EventStore) => EventStore): Promise<Bench> {
  const databases = await createDatabases();
  const logger = createLogger("command", { LOG_LEVEL: "silent" } as never);
  const pool = createPool(databases.urlOf("ledger", "countinghouse_command"), "command", logger);
  const store = around(createEventStore(pool));
  const tokens = createConsistencyTokens(randomBytes(32));
  const metrics = createMetrics("command");
  const userId = randomUUID();
  const app = buildApp({
    ...{ logger, metrics, store, tokens, readiness: [] },
    verify: () => ({ kind: "user", userId, sessionId: randomUUID(), roles: ["teller"] }),
    userExists: async () => true,
  });
  await app.ready();
  return {
    // The app's metrics are taken; another batcher counts elsewhere.
    deps: { store, tokens, logger, aggregates: AGGREGATES, metrics: createMetrics("command") },
    async post(url, body, key = randomUUID()) {
      const headers = { authorization: "Bearer a.b.c", "idempotency-key": key };
      const payload = body === undefined ? {} : { payload: body };
      const answer = await app.inject({ method: "POST", url, headers, ...payload });
      const { statusCode: status, payload: text } = answer;
      return { status, headers: answer.headers, body: JSON.parse(text) };
    },
    async metric(name) {
      const lines = (await metrics.registry.metrics()).split("\n");
      const line = lines.find((each) => each.startsWith(`${name}{`));
      return Number(line?.split(" ").at(-1));
    },
    async close() {
      await app.close();
      await pool.end();
      await databases.drop();
    },
  };
}

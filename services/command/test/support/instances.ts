import { randomBytes, randomUUID } from "node:crypto";
import { createEventStore, createScheduleBook, type EventStore } from "@countinghouse/event-store";
import {
  type ConsistencyTokens,
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
import { createClock } from "../../src/clock.ts";

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
  post(instance: number, path: string, body: object, key: string): Promise<Answer>;
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
  const userId = randomUUID();
  const url = databases.urlOf("ledger", "countinghouse_command");
  const pools = Array.from({ length: count }, () => createPool(url, "command", logger));
  const apps = pools.map((pool) => {
    return buildApp({
      ...{ logger, tokens, readiness: [], metrics: createMetrics("command") },
      store: around(createEventStore(pool)),
      cursors: createCursors(randomBytes(32)),
      book: createScheduleBook(pool),
      verify: () => ({ kind: "user", userId, sessionId: randomUUID(), roles: ["teller"] }),
      userExists: async () => true,
      useOtp: async () => "no_mfa",
      ...{ when: createClock("UTC"), maskKey: randomBytes(32) },
    });
  });
  return {
    ...{ tokens, owner },
    post: (instance, path, body, key) => post(apps[instance], path, body, key),
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

async function post(
  app: FastifyInstance | undefined,
  url: string,
  payload: object,
  key: string,
): Promise<Answer> {
  const headers = { authorization: "Bearer a.b.c", "idempotency-key": key };
  const answer = await app?.inject({ method: "POST", url, headers, payload });
  const { statusCode: status = 0, payload: text = "" } = answer ?? {};
  const token = String(answer?.headers["consistency-token"] ?? "");
  const isReplay = answer?.headers["idempotency-replayed"] === "true";
  return { status, text, token, isReplay, code: JSON.parse(text).code };
}

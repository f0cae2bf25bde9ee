import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { type EmbeddedPostgres, startPostgres } from "@countinghouse/cli";
import { descendantsOf, kill } from "@countinghouse/testing/processes";
import pg from "pg";

const PASSWORD = "a password of a server that is to be broken";
const CONNECT_TIMEOUT_MS = 5_000;
const [START_TRIES, START_AGAIN_MS] = [10, 1_000];

/** A PostgreSQL that can be killed, paused and stopped. It is somewhere else after each start. */
export interface Postgres {
  /** As its superuser, past all wires; changes with every start. */
  adminUrl(): string;
  port(): number;
  pid(): number;
  /** Runs SQL as an administrator. */
  query(database: string, sql: string, values?: unknown[]): Promise<pg.QueryResult>;
  /** As a power cut: it and all that work for it. */
  kill(): Promise<void>;
  /** As an orderly end. */
  stop(): Promise<void>;
  /** Starts it on its data, unless it runs; resolves once it takes connections. */
  start(): Promise<void>;
  /** Nothing of it runs until `resume`. */
  pause(): void;
  resume(): void;
}

/** Makes and starts one with its data in `folder`. `onStart` is told its port. */
export async function openPostgres(
  folder: string,
  logs: string,
  onStart: (port: number) => void,
): Promise<Postgres> {
  mkdirSync(logs, { recursive: true });
  const launch = () => startPostgres(folder, PASSWORD, join(logs, "postgres.log"));
  let server: EmbeddedPostgres = await launch();
  onStart(server.port);
  const all = () => [server.pid, ...descendantsOf(server.pid)];
  const signalAll = (signal: NodeJS.Signals) => {
    for (const pid of all()) kill(pid, signal);
  };
  return {
    adminUrl: () => server.url,
    port: () => server.port,
    pid: () => server.pid,
    query: (database, sql, values = []) => queryOnce(server.url, database, sql, values),
    async kill() {
      signalAll("SIGKILL");
    },
    stop: () => server.stop(),
    async start() {
      for (let tries = 1; ; tries += 1) {
        try {
          await server.stop();
          server = await launch();
          onStart(server.port);
          return;
        } catch (error) {
          if (tries === START_TRIES) throw error;
          await delay(START_AGAIN_MS);
        }
      }
    },
    pause: () => signalAll("SIGSTOP"),
    resume: () => signalAll("SIGCONT"),
  };
}

async function queryOnce(url: string, database: string, sql: string, values: unknown[]) {
  const there = new URL(url);
  there.pathname = `/${database}`;
  const client = new pg.Client({
    connectionString: there.href,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
  });
  // It may be ended under us: that is what it is here for.
  client.on("error", () => undefined);
  await client.connect();
  try {
    return await client.query(sql, values);
  } finally {
    await client.end().catch(() => undefined);
  }
}

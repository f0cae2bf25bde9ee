import type { Socket } from "node:net";
import { Kysely, PostgresDialect } from "kysely";
import pg from "pg";
import type { Logger } from "./logger.ts";

export interface PoolLimits {
  readonly max: number;
  /** How long a caller waits for a connection before the pool gives up, in milliseconds. */
  readonly acquireTimeoutMs: number;
  readonly statementTimeoutMs: number;
  /** Sends a statement before the one before it is answered; for whoever waits for both alike. */
  readonly pipeline: boolean;
  /** Makes the sockets of its connections; node's own unless given. */
  readonly socket: (() => Socket) | undefined;
  /** Settings of the server for its connections, as `-c name=value`. */
  readonly options: string;
  /** How long a transaction may wait for its next statement before the server undoes it. */
  readonly idleInTransactionMs: number;
}

/** How much later than the server the client gives a statement up. */
const SILENCE_MS = 2_000;

const USUAL: PoolLimits = {
  ...{ max: 10, acquireTimeoutMs: 2_000 },
  ...{ statementTimeoutMs: 10_000, idleInTransactionMs: 10_000 },
  ...{ pipeline: false, socket: undefined, options: "" },
};

/** A bounded pool of connections. A connection lost while idle is logged and replaced. */
export function createPool(
  url: string,
  service: string,
  logger: Logger,
  limits: Partial<PoolLimits> = {},
): pg.Pool {
  const all = { ...USUAL, ...limits };
  const { max, acquireTimeoutMs, statementTimeoutMs, idleInTransactionMs } = all;
  const { pipeline, socket, options } = all;
  const pool = new pg.Pool({
    connectionString: url,
    max,
    connectionTimeoutMillis: acquireTimeoutMs,
    statement_timeout: statementTimeoutMs,
    // A server that is cut off ends no statement; without this whoever waits would wait for ever.
    query_timeout: statementTimeoutMs + SILENCE_MS,
    idle_in_transaction_session_timeout: idleInTransactionMs,
    application_name: `countinghouse-${service}`,
    pipeline,
    ...(socket !== undefined && { stream: socket }),
    ...(options !== "" && { options }),
  });
  pool.on("error", (err) => logger.warn({ err }, "idle database connection lost"));
  // One lost between two statements of a transaction fails the next of them; without a listener
  // its error would end the process.
  pool.on("connect", (client) => client.on("error", () => {}));
  return pool;
}

export function createKysely<Tables>(pool: pg.Pool): Kysely<Tables> {
  return new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) });
}

/**
 * SQLSTATE classes that say the server or the way to it is not there, or that it rolled a
 * transaction back to let another go on (a deadlock), not that a statement is wrong.
 */
const AWAY = /^(08|40|53|57P|58)/;
const AWAY_CODES = new Set([
  ...["ECONNREFUSED", "ECONNRESET", "EPIPE", "ETIMEDOUT", "EHOSTUNREACH", "ENETUNREACH"],
  // A name that does not resolve: how a stopped container looks to its neighbours.
  ...["ENOTFOUND", "EAI_AGAIN"],
  ...["57014", "25P03"],
  // It is being restored or made anew: the database is missing or takes nobody, or what is in it,
  // and who may use that, is not there yet.
  ...["3D000", "55000", "3F000", "42P01", "42501"],
]);

/** What the driver itself says, without a code. */
const AWAY_MESSAGES =
  /connection terminated|not queryable|timeout exceeded when trying to connect|read timeout|ended/i;

/**
 * Whether a failure means that the database is out of reach for now, so that asking again may help.
 */
export function isDatabaseAway(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { code } = error as Error & { code?: string };
  if (code !== undefined) return AWAY.test(code) || AWAY_CODES.has(code);
  return AWAY_MESSAGES.test(error.message);
}

import { setTimeout as pause } from "node:timers/promises";
import type { Logger } from "@countinghouse/service-kit";
import pg from "pg";
import { CHANNEL, type Message } from "./message.ts";

const CONNECT_TIMEOUT_MS = 2_000;
/** A connection that does not answer within this is not there, whatever it seems. */
const QUERY_TIMEOUT_MS = 2_000;
const RECONNECT_MS = 200;
/** Messages that wait to be sent at most; what is lost is waited for in vain, no more. */
const UNSENT_MAX = 10_000;

export interface ChannelHandlers {
  /** Listening has begun: messages come from now on, also while this is at work. */
  onListening(): Promise<void>;
  onMessage(message: Message): void;
  /** Messages may have been missed from some time before now. */
  onLost(): void;
  /** Every so often while it listens, once `onListening` is through. */
  onTick(): void;
}

/** The way to the other processes of auth, on a connection of its own that is made again. */
export interface Channel {
  /** Sends a message soon; resolves also where it is lost, as the connection is. */
  send(message: Message): Promise<void>;
  /** Gives the connection up, as if it were lost, and begins anew. */
  fail(error: Error): void;
  stop(): Promise<void>;
}

interface Connected {
  readonly client: pg.Client;
  fail(error: Error): void;
}

export function openChannel(
  databaseUrl: string,
  logger: Logger,
  tickMs: number,
  handlers: ChannelHandlers,
): Channel {
  const stopping = new AbortController();
  const { signal } = stopping;
  let connected: Connected | undefined;
  let unsent = 0;

  async function send(message: Message): Promise<void> {
    if (connected === undefined || unsent >= UNSENT_MAX) return;
    const { client, fail } = connected;
    const query = { name: "notify", text: "SELECT pg_notify($1, $2)" };
    unsent += 1;
    await client.query({ ...query, values: [CHANNEL, JSON.stringify(message)] }).catch(fail);
    unsent -= 1;
  }

  async function listen(): Promise<void> {
    const client = connectionTo(databaseUrl);
    const lost = Promise.withResolvers<never>();
    lost.promise.catch(() => undefined);
    client.on("error", lost.reject);
    client.on("end", () => lost.reject(new Error("the connection ended")));
    client.on("notification", ({ payload = "" }) => handlers.onMessage(JSON.parse(payload)));
    try {
      await client.connect();
      // Nothing that is said here has to outlive the server.
      await client.query("SET synchronous_commit = off");
      await client.query(`LISTEN ${CHANNEL}`);
      connected = { client, fail: lost.reject };
      await Promise.race([handlers.onListening(), lost.promise]);
      while (!signal.aborted) {
        handlers.onTick();
        await Promise.race([rest(tickMs, signal), lost.promise]);
      }
    } finally {
      connected = undefined;
      handlers.onLost();
      await client.end().catch(() => undefined);
    }
  }

  async function listenForEver(): Promise<void> {
    while (!signal.aborted) {
      await listen().catch((err: unknown) => {
        if (!signal.aborted) logger.warn({ err }, "other auth processes are not heard");
      });
      await rest(RECONNECT_MS, signal);
    }
  }

  const over = listenForEver();
  return {
    send,
    fail: (error) => connected?.fail(error),
    async stop() {
      stopping.abort();
      await over;
    },
  };
}

function connectionTo(connectionString: string): pg.Client {
  return new pg.Client({
    connectionString,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    query_timeout: QUERY_TIMEOUT_MS,
    keepAlive: true,
    application_name: "countinghouse-auth-channel",
  });
}

async function rest(ms: number, signal: AbortSignal): Promise<void> {
  await pause(ms, undefined, { signal }).catch(() => undefined);
}

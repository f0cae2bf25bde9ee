import { setTimeout as pause } from "node:timers/promises";
import type { Logger } from "@countinghouse/service-kit";
import pg from "pg";
import type { Reached } from "../consistency/waiting-room.ts";
import { APPLIED_CHANNEL, decodeApplied } from "./payload.ts";

const CONNECT_TIMEOUT_MS = 2_000;
const RECONNECT_MS = 500;
/** A connection that does not answer within this is not there, whatever it seems. */
const PULSE_TIMEOUT_MS = 2_000;
const PULSE_EVERY_MS = 5_000;

export interface AppliedListener {
  /** Whether it hears what is applied at this moment. */
  readonly isListening: boolean;
  stop(): Promise<void>;
}

export interface AppliedHandlers {
  /** These versions are in the read tables now, whichever process has applied them. */
  onApplied(versions: Reached): void;
  /** What was applied up to now may have gone unheard. */
  onListening(): void;
  /** Nothing is heard any more; the database that comes next may be an older one. */
  onLost(): void;
}

/** Hears, on a connection of its own, what any process of this service applies. */
export function listenForApplied(
  databaseUrl: string,
  logger: Logger,
  handlers: AppliedHandlers,
): AppliedListener {
  const stopping = new AbortController();
  const { signal } = stopping;
  let isListening = false;

  async function listen(): Promise<void> {
    const client = connectionTo(databaseUrl);
    const lost = Promise.withResolvers<never>();
    lost.promise.catch(() => undefined);
    client.on("error", lost.reject);
    client.on("end", () => lost.reject(new Error("the connection ended")));
    client.on("notification", ({ payload = "" }) => {
      // Without a payload: the tables were exchanged, and may have more than anybody was told of.
      if (payload === "") handlers.onListening();
      else handlers.onApplied(decodeApplied(payload));
    });
    try {
      await client.connect();
      await client.query(`LISTEN ${APPLIED_CHANNEL}`);
      isListening = true;
      handlers.onListening();
      while (!signal.aborted) {
        await Promise.race([rest(PULSE_EVERY_MS, signal), lost.promise]);
        if (!signal.aborted) await client.query("SELECT 1");
      }
    } finally {
      if (isListening) handlers.onLost();
      isListening = false;
      await client.end().catch(() => undefined);
    }
  }

  async function listenForEver(): Promise<void> {
    while (!signal.aborted) {
      await listen().catch((err: unknown) => {
        if (!signal.aborted) logger.warn({ err }, "what is applied cannot be heard; trying again");
      });
      await rest(RECONNECT_MS, signal);
    }
  }

  const done = listenForEver();
  return {
    get isListening() {
      return isListening;
    },
    async stop() {
      stopping.abort();
      await done;
    },
  };
}

function connectionTo(connectionString: string): pg.Client {
  return new pg.Client({
    connectionString,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    query_timeout: PULSE_TIMEOUT_MS,
    keepAlive: true,
    application_name: "countinghouse-query-listener",
  });
}

async function rest(ms: number, signal: AbortSignal): Promise<void> {
  await pause(ms, undefined, { signal }).catch(() => undefined);
}

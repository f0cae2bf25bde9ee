import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import type { Envelope } from "@countinghouse/contracts";

const POLL_MS = 5;

/** A log as the relay has it. */
export interface StubLog {
  readonly ledger: number;
  events: Envelope[];
}

/** The two inner routes of the relay, over logs in memory. */
export interface StubRelay {
  readonly url: string;
  readonly logs: StubLog[];
  /** Ends every answer that is open, as a restart of the relay does. */
  cut(): void;
  close(): Promise<void>;
}

export async function stubRelay(...logs: StubLog[]): Promise<StubRelay> {
  const server = createServer((request, response) => {
    answer(logs, request, response).catch(() => response.destroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    logs,
    cut: () => server.closeAllConnections(),
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

async function answer(
  logs: readonly StubLog[],
  { url = "", headers }: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { pathname, searchParams } = new URL(url, "http://relay");
  if (headers.authorization?.startsWith("Bearer ") !== true) {
    response.writeHead(401).end();
    return;
  }
  if (pathname === "/internal/ledgers") {
    const items = logs.map(({ ledger, events }) => ({ ledger, position: events.length }));
    response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify({ items }));
    return;
  }
  const log = logs.find(({ ledger }) => ledger === Number(searchParams.get("ledger")));
  if (log === undefined) {
    response.writeHead(404).end();
    return;
  }
  response.writeHead(200, { "content-type": "application/x-ndjson" }).flushHeaders();
  await write(log, searchParams, response);
  response.end();
}

async function write(log: StubLog, query: URLSearchParams, response: ServerResponse) {
  const [stream, isFollowed] = [query.get("stream"), query.get("follow") === "true"];
  let left = isFollowed ? Number.POSITIVE_INFINITY : Number(query.get("limit") ?? 1_000);
  for (let position = Number(query.get("after")); !response.destroyed; ) {
    for (const event of log.events.slice(position)) {
      position = event.position;
      if (left === 0 || (stream !== null && event.streamId !== stream)) continue;
      response.write(`${JSON.stringify(event)}\n`);
      left -= 1;
    }
    if (!isFollowed) return;
    await delay(POLL_MS);
  }
}

import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import type { FakeLog } from "./fake-log.ts";

const POLL_MS = 5;

/** The two inner routes of the relay, over logs in memory. */
export interface StubRelay {
  readonly url: string;
  readonly logs: FakeLog[];
  /** Ends every answer that is open and, while true, refuses new ones. */
  away(isAway: boolean): void;
  close(): Promise<void>;
}

export async function stubRelay(...logs: FakeLog[]): Promise<StubRelay> {
  let isAway = false;
  const server = createServer((request, response) => {
    if (isAway) {
      response.writeHead(503).end();
      return;
    }
    answer(logs, request, response).catch(() => response.destroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    logs,
    away(now) {
      isAway = now;
      if (now) server.closeAllConnections();
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

async function answer(
  logs: readonly FakeLog[],
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
  const stream = searchParams.get("stream");
  response.writeHead(200, { "content-type": "application/x-ndjson" }).flushHeaders();
  for (let position = Number(searchParams.get("after")); !response.destroyed; ) {
    for (const event of log.since(position)) {
      if (stream === null || event.streamId === stream)
        response.write(`${JSON.stringify(event)}\n`);
      position = event.position;
    }
    if (searchParams.get("follow") !== "true") break;
    await delay(POLL_MS);
  }
  response.end();
}

import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Envelope } from "@countinghouse/contracts";
import type { LogSubscriptionOptions } from "../../src/index.ts";

/** A relay of a few lines: follows lists of events, and misbehaves on demand. */
export interface LogServer extends Pick<LogSubscriptionOptions, "open" | "listLedgers"> {
  add(ledger: number, events: readonly Envelope[]): void;
  /** Sent as it is to who follows now. */
  inject(text: string): void;
  /** Ends every open answer, `cut` in the middle. */
  end(how: "cut" | "finish"): void;
  /** The next so many requests are a 503. */
  refuse(requests: number): void;
  /** Requests to follow, with what they asked. */
  readonly asked: readonly { readonly ledger: number; readonly after: number }[];
  close(): Promise<void>;
}

interface Following {
  readonly response: ServerResponse;
  readonly ledger: number;
  next: number;
}

export async function startLogServer(): Promise<LogServer> {
  const ledgers = new Map<number, Envelope[]>();
  const followers = new Set<Following>();
  const asked: { ledger: number; after: number }[] = [];
  let refusals = 0;

  function send(following: Following): void {
    const events = ledgers.get(following.ledger) ?? [];
    for (; following.next < events.length; following.next += 1) {
      following.response.write(`${JSON.stringify(events[following.next])}\n`);
    }
  }

  const server = createServer((request, response) => {
    const query = new URL(request.url ?? "", "http://relay").searchParams;
    const [ledger, after] = [Number(query.get("ledger")), Number(query.get("after"))];
    asked.push({ ledger, after });
    if (refusals > 0) {
      refusals -= 1;
      response.writeHead(503).end();
      return;
    }
    response.writeHead(200, { "content-type": "application/x-ndjson" }).flushHeaders();
    const following = { response, ledger, next: after };
    followers.add(following);
    response.on("close", () => followers.delete(following));
    send(following);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/internal/events`;
  return {
    asked,
    async open(query, signal) {
      const search = new URLSearchParams();
      for (const [name, value] of Object.entries(query)) search.set(name, String(value));
      const response = await fetch(`${url}?${search}`, { signal });
      if (!response.ok) throw new Error(`answered ${response.status}`);
      return response;
    },
    async listLedgers() {
      return [...ledgers.keys()].map((ledger) => ({ ledger }));
    },
    add(ledger, events) {
      ledgers.set(ledger, [...(ledgers.get(ledger) ?? []), ...events]);
      for (const following of followers) send(following);
    },
    inject(text) {
      for (const { response } of followers) response.write(text);
    },
    end(how) {
      for (const { response } of followers) {
        if (how === "cut") response.destroy();
        else response.end();
      }
      followers.clear();
    },
    refuse(requests) {
      refusals = requests;
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

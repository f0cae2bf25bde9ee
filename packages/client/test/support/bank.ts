import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Envelope } from "@countinghouse/client";

/** The two routes of the gateway that the kit uses, in a few lines: it logs in and has a log. */
export interface StubBank {
  readonly url: string;
  readonly password: string;
  /** Into the log, as it is. */
  append(events: readonly Envelope[]): void;
  /** Only for who asks for this one account: what a topic has lost. */
  remember(events: readonly Envelope[]): void;
  /** Ends all sessions: their tokens are refused from now on. */
  endSessions(): void;
  /** Cuts every open answer. */
  cut(): void;
  readonly logins: () => number;
  /** The `after` of every request to follow. */
  readonly asked: readonly number[];
  close(): Promise<void>;
}

const EXPIRES_IN_S = 1_800;

export async function openStubBank(): Promise<StubBank> {
  const [log, remembered, asked]: [Envelope[], Envelope[], number[]] = [[], [], []];
  const followers = new Map<ServerResponse, number>();
  const tokens = new Set<string>();
  let logins = 0;
  const lines = (events: Envelope[]) =>
    events.map((event) => `${JSON.stringify(event)}\n`).join("");

  function send(): void {
    for (const [response, sent] of followers) {
      response.write(lines(log.slice(sent)));
      followers.set(response, log.length);
    }
  }

  const server = createServer(async (request, response) => {
    const { pathname, searchParams: query } = new URL(request.url ?? "", "http://bank");
    const after = Number(query.get("after"));
    if (pathname === "/v1/auth/login") {
      let body = "";
      for await (const chunk of request) body += chunk;
      if (JSON.parse(body).password !== "right") return void response.writeHead(401).end();
      logins += 1;
      const accessToken = `token-${logins}`;
      tokens.add(`Bearer ${accessToken}`);
      response.end(JSON.stringify({ accessToken, expiresIn: EXPIRES_IN_S }));
    } else if (!tokens.has(request.headers.authorization ?? "")) {
      response.writeHead(401).end();
    } else if (query.get("follow") === "true") {
      asked.push(after);
      response.writeHead(200).flushHeaders();
      followers.set(response, after);
      response.on("close", () => followers.delete(response));
      send();
    } else {
      const isWanted = (event: Envelope) => {
        return event.streamId === query.get("stream") && event.position > after;
      };
      const found = [...remembered, ...log].filter(isWanted);
      response.end(lines(found.sort((a, b) => a.version - b.version).slice(0, 2)));
    }
    return undefined;
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    password: "right",
    asked,
    append(events) {
      log.push(...events);
      send();
    },
    remember: (events) => void remembered.push(...events),
    endSessions: () => tokens.clear(),
    cut() {
      for (const response of followers.keys()) response.destroy();
    },
    logins: () => logins,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

import { randomBytes, randomUUID } from "node:crypto";
import { join } from "node:path";
import type { Envelope, Role } from "@countinghouse/contracts";
import {
  createInnerSigner,
  type Env,
  ed25519FromSeed,
  type RunningService,
} from "@countinghouse/service-kit";
import { start } from "../../src/main.ts";

const SEEDS = {
  gateway: randomBytes(32).toString("base64url"),
  query: randomBytes(32).toString("base64url"),
};

function publicKey(seed: string): string | undefined {
  return ed25519FromSeed(Buffer.from(seed, "base64url")).export({ format: "jwk" }).x;
}

/** Where the relay starts as a process of its own. */
export const RELAY = join(import.meta.dirname, "../../src/main.ts");

/** The settings of a relay on this database. */
export function relayEnv(databaseUrl: string): Env {
  const keys = { gateway: publicKey(SEEDS.gateway), query: publicKey(SEEDS.query) };
  return {
    DATABASE_URL: databaseUrl,
    LOG_LEVEL: process.env.RELAY_TEST_LOG ?? "silent",
    ENVIRONMENT: "test",
    INNER_PUBLIC_KEYS: JSON.stringify(keys),
  };
}

/** A relay that answers HTTP, and tokens for it. */
export interface Relay extends RunningService {
  read(search: string, role?: Role): Promise<Response>;
  readInside(search: string): Promise<Response>;
  follow(search: string): Promise<Follower>;
  ledgers(): Promise<unknown>;
}

export async function startRelay(env: Env): Promise<Relay> {
  const service = await start(env);
  const gateway = createInnerSigner("gateway", SEEDS.gateway);
  const query = createInnerSigner("query", SEEDS.query);
  const get = (path: string, token: string, signal?: AbortSignal) => {
    return fetch(service.url + path, {
      headers: { authorization: `Bearer ${token}` },
      ...(signal && { signal }),
    });
  };
  const userToken = (role: Role) => {
    return gateway.forUser("relay", {
      userId: randomUUID(),
      sessionId: randomUUID(),
      roles: [role],
    });
  };
  return {
    ...service,
    read: (search, role = "auditor") => get(`/v1/events?${search}`, userToken(role)),
    readInside: (search) => get(`/internal/events?${search}`, query.forSelf("relay")),
    async ledgers() {
      return (await get("/internal/ledgers", query.forSelf("relay"))).json();
    },
    async follow(search) {
      const hangUp = new AbortController();
      const path = `/v1/events?follow=true&${search}`;
      return followerOf(await get(path, userToken("auditor"), hangUp.signal), hangUp);
    },
  };
}

/** A followed log from the reader's side. */
export interface Follower {
  readonly response: Response;
  next(): Promise<Envelope | "end">;
  hangUp(): void;
}

function followerOf(response: Response, hangUp: AbortController): Follower {
  const events = eventsOf(response);
  return {
    response,
    async next() {
      const { done, value } = await events.next();
      return done ? "end" : value;
    },
    hangUp: () => hangUp.abort(),
  };
}

async function* eventsOf(response: Response): AsyncGenerator<Envelope> {
  let rest = "";
  const decoder = new TextDecoder();
  for await (const chunk of response.body as AsyncIterable<Uint8Array>) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) yield JSON.parse(line) as Envelope;
  }
}

/** The events of a finished read; throws where a line is not one. */
export async function eventsIn(response: Response): Promise<Envelope[]> {
  const lines = (await response.text()).split("\n");
  if (lines.pop() !== "") throw new Error("the last line has no line feed");
  return lines.map((line) => JSON.parse(line) as Envelope);
}

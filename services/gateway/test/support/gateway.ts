import { randomBytes, randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Role } from "@countinghouse/contracts";
import {
  ed25519FromSeed,
  ed25519PublicKey,
  type RunningService,
  userTokenOptions,
} from "@countinghouse/service-kit";
import fastifyJwt from "@fastify/jwt";
import fastify, { type FastifyInstance } from "fastify";
import { start } from "../../src/main.ts";

export const SECRET_KEY = "a secret for tests, forty characters long";
const SEED = randomBytes(32).toString("base64url");
const CONFIG = { SECRET_KEY, ALGORITHM: "HS256", ACCESS_TOKEN_EXPIRE_MINUTES: 30 };

/** A request as a service behind the gateway got it. */
interface Seen {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

type Respond = (response: ServerResponse, seen: Seen) => void;

/** The gateway with stand-ins behind it: one that echoes, and an auth that knows sessions. */
export interface TestGateway {
  readonly url: string;
  readonly seen: Seen[];
  readonly sessions: Map<string, { userId: string; roles: Role[] }>;
  readonly asked: string[];
  /** An access token of a new live session. */
  logIn(): Promise<{ token: string; sessionId: string }>;
  sign(claims: object): string;
  /** Announces changed sessions as auth does; resolves when the gateway has taken note. */
  announce(...sessions: string[]): Promise<void>;
  /** Lets auth keep its answers about sessions back until the returned function is called. */
  holdAnswers(): () => void;
  /** Ends the stream of changes, as when auth or the way to it is lost. */
  cutFeed(): void;
  /** The same for good: the stream does not open again. */
  stopFeed(): void;
  respondWith(respond: Respond): void;
  stopBackend(): Promise<unknown>;
  close(): Promise<void>;
}

export async function openGateway(settings: Record<string, string> = {}): Promise<TestGateway> {
  const seen: Seen[] = [];
  let respond: Respond = (response) => response.end("{}");
  const backend = await listen(async (request, response) => {
    const { method, url, headers } = request;
    let body = "";
    for await (const chunk of request) body += chunk;
    seen.push({ method, url, headers, body });
    response.setHeader("content-type", "application/json");
    respond(response, { method, url, headers, body });
  });
  const auth = await stubAuth();
  const jwt = await signerOf();
  const url = urlOf(backend);
  const service = await start({
    ...{ ENVIRONMENT: "test", LOG_LEVEL: "silent", SECRET_KEY, INNER_PRIVATE_KEY: SEED },
    INNER_PUBLIC_KEYS: publicKeys(),
    ...{ AUTH_URL: urlOf(auth.server), COMMAND_URL: url, QUERY_URL: url, RELAY_URL: url },
    AUDIT_URL: url,
    ...{ RATE_LIMIT_ADDRESS: "0", RATE_LIMIT_USER: "0", ...settings },
  });
  await auth.isFollowed;
  return {
    ...auth,
    url: service.url,
    seen,
    sign: (claims) => jwt.jwt.sign(claims as never),
    async logIn() {
      const [sessionId, userId] = [randomUUID(), randomUUID()];
      auth.sessions.set(sessionId, { userId, roles: ["customer"] });
      const token = jwt.jwt.sign({ sub: userId, sid: sessionId, jti: randomUUID() } as never);
      return { token, sessionId };
    },
    respondWith(next) {
      respond = next;
    },
    stopBackend: () => closed(backend),
    close: () => closeAll(service, jwt, [backend, auth.server]),
  };
}

function publicKeys(): string {
  const key = ed25519PublicKey(ed25519FromSeed(Buffer.from(SEED, "base64url")));
  return JSON.stringify({ gateway: key });
}

async function closeAll(service: RunningService, jwt: FastifyInstance, servers: Server[]) {
  await service.close();
  await jwt.close();
  for (const server of servers) await closed(server);
}

async function signerOf(): Promise<FastifyInstance> {
  const app = fastify();
  await app.register(fastifyJwt, userTokenOptions(CONFIG));
  await app.ready();
  return app;
}

async function stubAuth() {
  const sessions: TestGateway["sessions"] = new Map();
  const asked: string[] = [];
  const waiting = new Map<number, () => void>();
  const { promise: isFollowed, resolve: followed } = Promise.withResolvers<void>();
  let [seq, feed]: [number, ServerResponse | undefined] = [0, undefined];
  const tell = (changed: string[]) =>
    feed?.write(`${JSON.stringify({ seq, sessions: changed })}\n`);
  const heartbeat = setInterval(() => tell([]), 300);
  let [held, isFeedOpen] = [Promise.resolve(), true];
  const server = await listen(async (request, response) => {
    const [, , kind, id] = (request.url ?? "").split(/[/?]/);
    if (kind === "sessions") {
      asked.push(id ?? "");
      const session = sessions.get(id ?? "");
      await held;
      response.writeHead(session === undefined ? 404 : 200);
      response.end(JSON.stringify(session ?? {}));
    } else if (request.method === "POST") {
      let body = "";
      for await (const chunk of request) body += chunk;
      waiting.get(JSON.parse(body).seq)?.();
      response.writeHead(204).end();
    } else if (isFeedOpen) {
      feed = response;
      tell([]);
      setTimeout(followed, 20);
    } else {
      response.writeHead(503).end();
    }
  });
  server.on("close", () => clearInterval(heartbeat));
  return {
    ...{ server, sessions, asked, isFollowed },
    announce(...changed: string[]) {
      seq += 1;
      const { promise, resolve } = Promise.withResolvers<void>();
      waiting.set(seq, resolve);
      tell(changed);
      return promise;
    },
    holdAnswers() {
      const { promise, resolve } = Promise.withResolvers<void>();
      held = promise;
      return resolve;
    },
    cutFeed() {
      const old = feed;
      feed = undefined;
      old?.destroy();
    },
    stopFeed() {
      isFeedOpen = false;
      this.cutFeed();
    },
  };
}

type Listener = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

async function listen(listener: Listener): Promise<Server> {
  const server = createServer((request, response) => {
    listener(request, response).catch(() => response.destroy());
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return server;
}

function urlOf(server: Server): string {
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function closed(server: Server): Promise<unknown> {
  server.closeAllConnections();
  return new Promise((done) => server.close(done));
}

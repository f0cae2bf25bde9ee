import { randomBytes, randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import type { Role } from "@countinghouse/contracts";
import {
  ed25519FromSeed,
  ed25519PublicKey,
  type RunningService,
  type UserTokenAlgorithm,
  type UserTokenKey,
  userTokenKey,
  type VerificationKey,
} from "@countinghouse/service-kit";
import { createSigner } from "fast-jwt";
import { start } from "../../src/main.ts";

const SECRET_KEY = "a secret for tests, forty characters long";
const SALT = Buffer.alloc(32, 7);
const MINUTES = 30;
/** The key that the bank signs with. */
export const KEY = keyOf("HS256");
const SEED = randomBytes(32).toString("base64url");

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
  /** A token of this key, with these claims instead of the usual. */
  sign(claims: object, key?: UserTokenKey): string;
  /** Announces changed sessions as auth does; resolves when the gateway has taken note. */
  announce(...sessions: string[]): Promise<void>;
  /** The same for the keys that check tokens. */
  announceKeys(...keys: VerificationKey[]): Promise<void>;
  /** Lets auth keep its answers about sessions back until the returned function is called. */
  holdAnswers(): () => void;
  /** Ends the stream of changes, as when auth or the way to it is lost. */
  cutFeed(): void;
  /** The same for good: the stream does not open again. */
  stopFeed(): void;
  respondWith(respond: Respond): void;
  stopBackend(): Promise<unknown>;
  stopAuth(): Promise<unknown>;
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
  const url = urlOf(backend);
  const service = await start({
    ...{ ENVIRONMENT: "test", LOG_LEVEL: "silent", INNER_PRIVATE_KEY: SEED },
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
    sign,
    async logIn() {
      const [sessionId, userId] = [randomUUID(), randomUUID()];
      auth.sessions.set(sessionId, { userId, roles: ["customer"] });
      const token = sign({ sub: userId, sid: sessionId, jti: randomUUID() });
      return { token, sessionId };
    },
    respondWith(next) {
      respond = next;
    },
    stopBackend: () => closed(backend),
    stopAuth: () => closed(auth.server),
    close: () => closeAll(service, [backend, auth.server]),
  };
}

function publicKeys(): string {
  const key = ed25519PublicKey(ed25519FromSeed(Buffer.from(SEED, "base64url")));
  return JSON.stringify({ gateway: key });
}

async function closeAll(service: RunningService, servers: Server[]) {
  await service.close();
  for (const server of servers) await closed(server);
}

export function keyOf(algorithm: UserTokenAlgorithm): UserTokenKey {
  return userTokenKey(SECRET_KEY, algorithm, SALT);
}

function sign(claims: object, { kid, algorithm, signsWith }: UserTokenKey = KEY): string {
  const { iat = Math.floor(Date.now() / 1000) } = claims as { iat?: number };
  const usual = { iss: "countinghouse", aud: "countinghouse-api", iat, exp: iat + MINUTES * 60 };
  const header = { alg: algorithm, typ: "at+jwt" };
  const signer = createSigner({ algorithm, key: signsWith, kid, header });
  return signer({ ...usual, ...claims });
}

async function stubAuth() {
  const sessions: TestGateway["sessions"] = new Map();
  const asked: string[] = [];
  const waiting = new Map<number, () => void>();
  const { promise: isFollowed, resolve: followed } = Promise.withResolvers<void>();
  let [seq, feed]: [number, ServerResponse | undefined] = [0, undefined];
  let keys: readonly VerificationKey[] = [shown(KEY)];
  const tell = (sessions: string[], others?: readonly VerificationKey[]) =>
    feed?.write(`${JSON.stringify({ seq, sessions, keys: others })}\n`);
  const heartbeat = setInterval(() => tell([]), 300);
  const closing = closingDoor();
  let [held, isFeedOpen] = [Promise.resolve(), true];
  const server = await listen(async (request, response) => {
    const [, , kind, id] = (request.url ?? "").split(/[/?]/);
    if (kind === "sessions") {
      asked.push(id ?? "");
      const session = sessions.get(id ?? "");
      await held;
      response.writeHead(session === undefined ? 404 : 200);
      response.end(JSON.stringify(session ?? {}));
    } else if (kind === "auth") {
      asked.push(id ?? "");
      closing(request, response);
    } else if (kind === "user-token-keys") {
      response.end(JSON.stringify({ keys }));
    } else if (request.method === "POST") {
      let body = "";
      for await (const chunk of request) body += chunk;
      waiting.get(JSON.parse(body).seq)?.();
      response.writeHead(204).end();
    } else if (isFeedOpen) {
      feed = response;
      tell([], keys);
      setTimeout(followed, 20);
    } else {
      response.writeHead(503).end();
    }
  });
  server.on("close", () => clearInterval(heartbeat));
  const noted = (say: () => void) => {
    seq += 1;
    const { promise, resolve } = Promise.withResolvers<void>();
    waiting.set(seq, resolve);
    say();
    return promise;
  };
  return {
    ...{ server, sessions, asked, isFollowed },
    announce: (...changed: string[]) => noted(() => tell(changed)),
    announceKeys(...others: VerificationKey[]) {
      keys = others.map(shown);
      return noted(() => tell([], keys));
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

/** A public door: open to the first who comes by a connection, and closing on whoever follows. */
function closingDoor(): (request: IncomingMessage, response: ServerResponse) => void {
  const met = new WeakSet<Socket>();
  return ({ socket }, response) => {
    if (met.has(socket)) socket.resetAndDestroy();
    else response.end("{}");
    met.add(socket);
  };
}

/** What of a key a gateway is told. */
function shown({ kid, algorithm, key, untilSeconds }: VerificationKey): VerificationKey {
  return { kid, algorithm, key, ...(untilSeconds !== undefined && { untilSeconds }) };
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

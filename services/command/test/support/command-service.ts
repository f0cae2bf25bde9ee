import { randomBytes, randomUUID } from "node:crypto";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Role } from "@countinghouse/contracts";
import {
  createInnerSigner,
  ed25519FromSeed,
  ed25519PublicKey,
  type RunningService,
} from "@countinghouse/service-kit";
import { createDatabases, type TestDatabases } from "@countinghouse/testing";
import pg from "pg";
import { start } from "../../src/main.ts";

const seed = () => randomBytes(32).toString("base64url");
const SEEDS = { gateway: seed(), command: seed() };
const publicKey = (of: string) => ed25519PublicKey(ed25519FromSeed(Buffer.from(of, "base64url")));
const KEYS = JSON.stringify({
  gateway: publicKey(SEEDS.gateway),
  command: publicKey(SEEDS.command),
});
const signer = createInnerSigner("gateway", SEEDS.gateway);

/** An answer of the service. */
export interface Told {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: what came is what each test looks at
  readonly body: any;
}

/** A user as the command service sees one: by the gateway's inner token. */
export interface Caller {
  readonly userId: string;
  post(path: string, body?: object, options?: Sending): Promise<Told>;
}

interface Sending {
  readonly token?: string;
  readonly key?: string;
  readonly service?: number;
  readonly method?: string;
}

/** Command services on one log, with an auth that knows every user. */
export interface CommandServices {
  readonly databases: TestDatabases;
  readonly owner: pg.Pool;
  readonly services: RunningService[];
  /** The settings of a service, for one in a process of its own. */
  readonly env: Readonly<Record<string, string>>;
  /** The codes that are good, once each, of users who have a second factor. */
  readonly codes: Map<string, string[]>;
  as(...roles: Role[]): Caller;
  close(): Promise<void>;
}

/** The key of the services' Consistency-Tokens. */
export const TOKEN_KEY = seed();

export const NOBODY = "00000000-0000-7000-8000-000000000000";

export async function openServices(count = 1): Promise<CommandServices> {
  const ground = await openGround();
  const services: RunningService[] = [];
  for (let i = 0; i < count; i += 1) services.push(await start(commandEnv(ground)));
  return {
    ...{ databases: ground.databases, owner: ground.owner, services },
    ...{ codes: ground.codes, env: commandEnv(ground) },
    as: (...roles) => callerOf(services, roles),
    async close() {
      for (const service of services) await service.close();
      await ground.close();
    },
  };
}

/** What command services stand on: a log, and an auth that knows every user but NOBODY. */
export interface Ground {
  readonly databases: TestDatabases;
  readonly owner: pg.Pool;
  readonly authUrl: string;
  readonly codes: CommandServices["codes"];
  close(): Promise<void>;
}

export async function openGround(): Promise<Ground> {
  const databases = await createDatabases();
  const codes = new Map<string, string[]>();
  const auth = await stubAuth(codes);
  const { port } = auth.address() as AddressInfo;
  const owner = new pg.Pool({ connectionString: databases.ownerUrl("ledger"), max: 2 });
  owner.on("error", () => {});
  return {
    ...{ databases, owner, codes, authUrl: `http://127.0.0.1:${port}` },
    async close() {
      await owner.end();
      auth.closeAllConnections();
      auth.close();
      await databases.drop();
    },
  };
}

export function commandEnv({ databases, authUrl }: Ground): Record<string, string> {
  return {
    ...{ ENVIRONMENT: "test", LOG_LEVEL: "silent", INNER_PUBLIC_KEYS: KEYS },
    INNER_PRIVATE_KEY: SEEDS.command,
    TOKEN_KEY,
    AUTH_URL: authUrl,
    DATABASE_URL: databases.urlOf("ledger", "countinghouse_command"),
  };
}

/** Somebody with these roles; where a service is, is looked up at each call. */
export function callerOf(services: readonly { readonly url: string }[], roles: Role[]): Caller {
  const userId = randomUUID();
  const principal = { userId, sessionId: randomUUID(), roles };
  return {
    userId,
    async post(path, body, { key = randomUUID(), service = 0, method = "POST", token } = {}) {
      const response = await fetch(`${services[service]?.url}${path}`, {
        method,
        headers: {
          // Tokens live for a minute; a test may take longer.
          authorization: `Bearer ${signer.forUser("command", principal)}`,
          "idempotency-key": key,
          ...(token !== undefined && { "consistency-token": token }),
          ...(body !== undefined && { "content-type": "application/json" }),
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      });
      const text = await response.text();
      const { status, headers } = response;
      return { status, headers, text, body: text === "" ? undefined : JSON.parse(text) };
    },
  };
}

async function stubAuth(codes: Map<string, string[]>): Promise<Server> {
  const server = createServer(async (request, response) => {
    const [, , , userId = "", use] = request.url?.split("/") ?? [];
    const status = userId === NOBODY ? 404 : 200;
    if (use !== "otp") return response.writeHead(status).end(JSON.stringify({ userId }));
    let text = "";
    for await (const chunk of request) text += chunk;
    const outcome = outcomeOf(codes.get(userId), JSON.parse(text).otp);
    return response.writeHead(200).end(JSON.stringify({ outcome }));
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  return server;
}

function outcomeOf(codes: string[] | undefined, otp: string | undefined): string {
  if (codes === undefined) return "no_mfa";
  if (otp === undefined) return "otp_required";
  const at = codes.indexOf(otp);
  if (at >= 0) codes.splice(at, 1);
  return at >= 0 ? "accepted" : "refused";
}

export const euros = (value: string) => ({ amount: { value, currency: "EUR" } });

/** Opens an account in euros with this much in it. */
export async function anAccount(owner: Caller, balance?: string): Promise<string> {
  const { body } = await owner.post("/v1/accounts", { type: "checking", currency: "EUR" });
  const { accountId } = body;
  if (balance !== undefined) await owner.post(`/v1/accounts/${accountId}/deposits`, euros(balance));
  return accountId;
}

/** How many events the log has. */
export async function eventCount({ owner }: CommandServices): Promise<number> {
  const { rows } = await owner.query("SELECT count(*)::int AS n FROM ledger.events");
  return rows[0].n;
}

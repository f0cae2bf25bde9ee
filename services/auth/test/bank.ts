import { randomBytes, randomUUID } from "node:crypto";
import type { ServiceName, TokenPair } from "@countinghouse/contracts";
import {
  createInnerSigner,
  createServiceClient,
  ed25519FromSeed,
  ed25519PublicKey,
  type InnerSigner,
  type RunningService,
  type ServiceClient,
} from "@countinghouse/service-kit";
import { start } from "../src/main.ts";
import { type AuthDatabase, createAuthDatabase } from "./database.ts";

const SEEDS = {
  gateway: randomBytes(32).toString("base64url"),
  command: randomBytes(32).toString("base64url"),
};
const AUTH: ServiceName = "auth";

export const SECRET_KEY = "a secret for tests, forty characters long";

interface CallResult {
  readonly status: number;
  readonly headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: what came is what each test looks at
  readonly body: any;
}

interface Person {
  readonly userId: string;
  readonly email: string;
  readonly password: string;
}

export type LoggedIn = Person & TokenPair;

/** Auth over HTTP on a real database, with a gateway that remembers nothing. */
export interface Bank {
  readonly database: AuthDatabase;
  readonly service: RunningService;
  readonly gateway: ServiceClient;
  readonly command: ServiceClient;
  call(method: string, path: string, options?: CallOptions): Promise<CallResult>;
  register(): Promise<Person>;
  logIn(person: Person): Promise<LoggedIn>;
  /** A fresh user with exactly these roles, logged in. */
  newUser(...roles: string[]): Promise<LoggedIn>;
  close(): Promise<void>;
}

interface CallOptions {
  /** An access token; the call goes out as the gateway would pass it on. */
  readonly token?: string;
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
  /** Where the gateway saw the client. */
  readonly from?: string;
}

/** Starts auth on a database of its own, which `close` drops. */
export async function openBank(settings: Record<string, string> = {}): Promise<Bank> {
  const database = await createAuthDatabase();
  const bank = await openBankOn(database, settings);
  return {
    ...bank,
    async close() {
      await bank.close();
      await database.drop();
    },
  };
}

/** Starts auth on a database that others may use as well. */
export async function openBankOn(
  database: AuthDatabase,
  settings: Record<string, string> = {},
): Promise<Bank> {
  const service = await start({
    DATABASE_URL: database.url,
    SECRET_KEY,
    ENVIRONMENT: "test",
    LOG_LEVEL: "silent",
    INNER_PUBLIC_KEYS: publicKeys(),
    ...settings,
  });
  const signer = createInnerSigner("gateway", SEEDS.gateway);
  const gateway = createServiceClient(service.url, AUTH, signer);
  const commandSigner = createInnerSigner("command", SEEDS.command);
  const call = createCall(service.url, gateway, signer);
  const bank: Bank = {
    database,
    service,
    gateway,
    command: createServiceClient(service.url, AUTH, commandSigner),
    call,
    async register() {
      const person = { email: newEmail(), password: newPassword() };
      const body = { ...person, fullName: "Ada Tester" };
      const answer = await call("POST", "/v1/auth/register", { body });
      if (answer.status !== 201) throw new Error(JSON.stringify(answer.body));
      return { ...person, userId: answer.body.userId };
    },
    async logIn(person) {
      const { email, password } = person;
      const answer = await call("POST", "/v1/auth/login", { body: { email, password } });
      if (answer.status !== 200) throw new Error(JSON.stringify(answer.body));
      return { ...person, ...answer.body };
    },
    async newUser(...roles) {
      const person = await bank.register();
      const text = "UPDATE auth.users SET roles = $1 WHERE id = $2";
      await database.owner.query(text, [roles, person.userId]);
      return bank.logIn(person);
    },
    close: () => service.close(),
  };
  return bank;
}

/** Sends a call as the gateway would pass it on: with the inner token of a live session. */
function createCall(url: string, gateway: ServiceClient, signer: InnerSigner): Bank["call"] {
  return async (method, path, { token, body, headers = {}, from } = {}) => {
    let authorization = from && `Bearer ${signer.forSelf(AUTH)}`;
    if (token !== undefined) {
      const { sid: sessionId } = claimsOf(token);
      const session = await gateway.ask("checkSession", { params: { sessionId } });
      if (session === undefined) return { status: 401, headers: new Headers(), body: undefined };
      authorization = `Bearer ${signer.forUser(AUTH, { sessionId, ...session })}`;
    }
    const response = await fetch(url + path, {
      method,
      headers: {
        ...(authorization !== undefined && { authorization }),
        ...(from !== undefined && { "x-client-address": from }),
        ...(body !== undefined && { "content-type": "application/json" }),
        ...headers,
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    const parsed = text === "" ? undefined : JSON.parse(text);
    return { status: response.status, headers: response.headers, body: parsed };
  };
}

function publicKeys(): string {
  const keys = Object.entries(SEEDS).map(([issuer, seed]) => {
    return [issuer, ed25519PublicKey(ed25519FromSeed(Buffer.from(seed, "base64url")))];
  });
  return JSON.stringify(Object.fromEntries(keys));
}

export function newEmail(): string {
  return `ada.${randomUUID()}@example.com`;
}

export function newPassword(): string {
  return `correct horse ${randomBytes(9).toString("base64url")}`;
}

export interface AccessClaims extends Record<"sub" | "sid" | "jti", string> {
  readonly iat: number;
  readonly exp: number;
}

/** What an access token says, unchecked. */
export function claimsOf(token: string): AccessClaims {
  return JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString());
}

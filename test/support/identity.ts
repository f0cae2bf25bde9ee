import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes, randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import { join, resolve } from "node:path";
import { ed25519FromSeed, ed25519PublicKey, type RunningService } from "@countinghouse/service-kit";
import { createDatabases, type TestDatabases } from "@countinghouse/testing";
import { start as startAuth } from "../../services/auth/src/main.ts";
import { start as startGateway } from "../../services/gateway/src/main.ts";

const ROOT = resolve(import.meta.dirname, "../..");
const SEED = randomBytes(32).toString("base64url");
const INNER_PUBLIC_KEYS = JSON.stringify({
  gateway: ed25519PublicKey(ed25519FromSeed(Buffer.from(SEED, "base64url"))),
});
const COMMON = { ENVIRONMENT: "test", LOG_LEVEL: "silent", INNER_PUBLIC_KEYS };
const FREE = ["ADDRESS", "USER", "LOGIN", "REGISTER"].map((name) => [`RATE_LIMIT_${name}`, "0"]);
const NO_FAILURE_LIMITS = { LOGIN_FAILURES_ADDRESS: "0", LOGIN_FAILURES_GLOBAL: "0" };
export const SECRET_KEY = "a secret for tests, forty characters long";

type Settings = Readonly<Record<string, string>>;

/** One database of auth, and as many processes of auth and gateways on it as a test wants. */
export interface Identity {
  readonly databases: TestDatabases;
  auth(settings?: Settings): Promise<RunningService>;
  /** Auth as a process of its own. */
  authProcess(settings?: Settings): Promise<{ readonly url: string; readonly child: ChildProcess }>;
  /** A gateway that follows the auth at this address, once it does. */
  gateway(authUrl: string, settings?: Settings): Promise<string>;
  close(): Promise<void>;
}

export async function openIdentity(): Promise<Identity> {
  const databases = await createDatabases();
  const ends: (() => Promise<unknown>)[] = [() => databases.drop()];
  const envOf = (settings: Settings) => {
    const DATABASE_URL = databases.urlOf("auth", "countinghouse_auth");
    return { ...COMMON, ...NO_FAILURE_LIMITS, SECRET_KEY, DATABASE_URL, ...settings };
  };
  return {
    databases,
    async auth(settings = {}) {
      const service = await startAuth(envOf(settings));
      let closing: Promise<void> | undefined;
      const close = () => {
        closing ??= service.close();
        return closing;
      };
      ends.push(close);
      return { ...service, close };
    },
    async authProcess(settings = {}) {
      const entry = join(ROOT, "services/auth/src/main.ts");
      const { PATH } = process.env;
      const env = { PATH, ...envOf(settings) };
      const child = spawn(process.execPath, [entry], { env, stdio: ["ignore", 2, 2, "ipc"] });
      ends.push(() => killed(child));
      const [message] = (await once(child, "message")) as [{ ready: { url: string } }];
      return { url: message.ready.url, child };
    },
    async gateway(authUrl, settings = {}) {
      const urls = ["AUTH", "COMMAND", "QUERY", "RELAY", "AUDIT"].map((name) => [
        `${name}_URL`,
        authUrl,
      ]);
      const env = { ...COMMON, INNER_PRIVATE_KEY: SEED };
      const usual = Object.fromEntries([...urls, ...FREE]);
      const service = await startGateway({ ...env, ...usual, ...settings });
      ends.push(() => service.close());
      return service.url;
    },
    async close() {
      for (const end of ends.toReversed()) await end();
    },
  };
}

async function killed(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, "exit");
  child.kill("SIGKILL");
  await gone;
}

/** Sends each request to the next of these services, as a balancer does. */
export async function balance(urls: readonly string[]): Promise<{
  readonly url: string;
  close(): void;
}> {
  let turn = 0;
  const server = createServer((incoming, outgoing) => {
    turn += 1;
    const { hostname, port } = new URL(urls[turn % urls.length] ?? "");
    const { method, url: path, headers } = incoming;
    const onward = request({ hostname, port, method, path, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      outgoing.flushHeaders();
      answer.pipe(outgoing);
    });
    onward.on("error", () => outgoing.destroy());
    outgoing.on("close", () => onward.destroy());
    incoming.pipe(onward);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const close = () => {
    server.closeAllConnections();
    server.close();
  };
  return { url: `http://127.0.0.1:${port}`, close };
}

/** A user of the bank, by the gateway at hand. */
export interface Person {
  readonly userId: string;
  readonly email: string;
  readonly password: string;
  readonly token: string;
  readonly refreshToken: string;
}

export async function call(
  url: string,
  method: string,
  path: string,
  { token, body }: { readonly token?: string; readonly body?: object } = {},
): Promise<{ readonly status: number; readonly body: Readonly<Record<string, string>> }> {
  const response = await fetch(url + path, {
    method,
    headers: {
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...(body !== undefined && { "content-type": "application/json" }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, body: text === "" ? {} : JSON.parse(text) };
}

export async function register(url: string): Promise<Omit<Person, "token" | "refreshToken">> {
  const person = { email: `${randomUUID()}@example.com`, password: `Zx9-${randomUUID()}` };
  const body = { ...person, fullName: "Ada Tester" };
  const answer = await call(url, "POST", "/v1/auth/register", { body });
  return { ...person, userId: answer.body.userId ?? "" };
}

export async function logIn(
  url: string,
  person: Omit<Person, "token" | "refreshToken">,
): Promise<Person> {
  const { email, password } = person;
  const { status, body } = await call(url, "POST", "/v1/auth/login", { body: { email, password } });
  if (status !== 200) throw new Error(`the login answered ${status}`);
  return { ...person, token: body.accessToken ?? "", refreshToken: body.refreshToken ?? "" };
}

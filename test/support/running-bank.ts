import { type ChildProcess, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { findRunning, freePorts, type RunningSystem, readSettings } from "@countinghouse/cli";

const ROOT = resolve(import.meta.dirname, "../..");
const NO_LIMITS = Object.fromEntries(
  ["ADDRESS", "USER", "LOGIN", "REGISTER"].map((name) => [`RATE_LIMIT_${name}`, "0"]),
);

/** The whole system, started as a user starts it, with its data in a folder of its own. */
export interface RunningBank {
  readonly url: string;
  readonly system: RunningSystem;
  readonly env: NodeJS.ProcessEnv;
  /** The process that supervises all others. */
  pid(): number;
  /** Kills all processes of the start at once. */
  kill(): Promise<void>;
  /** Starts it again on the same data. */
  restart(): Promise<void>;
  /** Ends it as Ctrl-C does and removes its data. */
  close(): Promise<void>;
}

export async function openBank(
  args: readonly string[] = [],
  settings: Record<string, string> = {},
): Promise<RunningBank> {
  const folder = mkdtempSync(join(tmpdir(), "countinghouse-bank-"));
  const [port] = await freePorts(1);
  const env = {
    ...process.env,
    ...NO_LIMITS,
    ...settings,
    PORT: String(port),
    COUNTINGHOUSE_DATA: folder,
  };
  let bank = await launch(args, env);
  return {
    url: `http://127.0.0.1:${port}`,
    system: findRunning(readSettings(env)),
    env,
    pid: () => bank.pid ?? 0,
    kill: () => end(bank, "SIGKILL"),
    async restart() {
      bank = await launch(args, env);
    },
    async close() {
      await end(bank, "SIGINT");
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function launch(args: readonly string[], env: NodeJS.ProcessEnv): Promise<ChildProcess> {
  const bank = spawn(process.execPath, [join(ROOT, "tools/bootstrap.mjs"), "start", ...args], {
    env,
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  let output = "";
  await new Promise<void>((ready, reject) => {
    for (const stream of [bank.stdout, bank.stderr]) {
      stream?.on("data", (chunk: Buffer) => {
        output += chunk;
        if (output.includes("Ctrl-C")) ready();
      });
    }
    bank.once("exit", () => reject(new Error(`the start failed: ${output}`)));
  });
  return bank;
}

async function end(bank: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (bank.pid === undefined || bank.exitCode !== null || bank.signalCode !== null) return;
  process.kill(-bank.pid, signal);
  await once(bank, "exit");
}

/** A client of the bank with a token. */
export interface Client {
  readonly userId: string;
  /** The Authorization header that the client sends. */
  readonly authorization: string;
  get(path: string): Promise<Response>;
  command(path: string, body?: object, key?: string): Promise<Response>;
}

/** Registers a fresh customer and logs in. */
export async function newClient(url: string): Promise<Client> {
  const person = { email: `${randomUUID()}@example.com`, password: `Zx9-${randomUUID()}` };
  const registered = await post(url, "/v1/auth/register", { ...person, fullName: "Ada Tester" });
  const { userId } = (await registered.json()) as { userId: string };
  return clientOf(url, userId, await logIn(url, person));
}

/** The access token of a new session. */
async function logIn(url: string, person: { email: string; password: string }): Promise<string> {
  const response = await post(url, "/v1/auth/login", person);
  return ((await response.json()) as { accessToken: string }).accessToken;
}

function clientOf(url: string, userId: string, token: string): Client {
  const authorization = `Bearer ${token}`;
  return {
    userId,
    authorization,
    get: (path) => fetch(url + path, { headers: { authorization } }),
    command(path, body, key = randomUUID()) {
      return post(url, path, body, { authorization, "idempotency-key": key });
    },
  };
}

function post(url: string, path: string, body?: object, headers = {}): Promise<Response> {
  const json = body !== undefined && { "content-type": "application/json" };
  const payload = body !== undefined && { body: JSON.stringify(body) };
  return fetch(url + path, { method: "POST", headers: { ...headers, ...json }, ...payload });
}

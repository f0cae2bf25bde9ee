import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { Env } from "@countinghouse/service-kit";
import { CliError } from "../cli-error.ts";
import { type InstanceName, serviceOf } from "../instances.ts";
import { entryOf } from "../services.ts";
import { SERVICES_STOP_MS, type System } from "./in-process.ts";

const READY_TIMEOUT_MS = 60_000;
const [BACKOFF_FIRST_MS, BACKOFF_MOST_MS] = [200, 10_000];
/** A service that ran this long before it died starts again with the first backoff. */
const STEADY_MS = 30_000;

interface Supervised {
  readonly ready: Promise<string>;
  pid(): number | undefined;
  /** Ends the service, by force when it has not ended at `deadline`. */
  stop(deadline: number): Promise<void>;
}

/**
 * Runs each instance as a process, started again when it dies, all ended when we end. Throws a
 * CliError, or the reason of `signal` when that says to start no further.
 */
export async function startProcesses(
  environments: Readonly<Partial<Record<InstanceName, Env>>>,
  logFolder: string,
  say: (line: string) => void,
  signal: AbortSignal,
  names: readonly InstanceName[],
): Promise<System> {
  const supervised = new Map<InstanceName, Supervised>();
  const stop = async () => {
    const deadline = Date.now() + SERVICES_STOP_MS;
    for (const name of names.toReversed()) await supervised.get(name)?.stop(deadline);
  };
  for (const name of names) {
    supervised.set(name, supervise(name, environments[name] ?? {}, logFolder, say));
  }
  try {
    const ready = Promise.all(names.map((name) => supervised.get(name)?.ready));
    const all = await Promise.race([ready, aborted(signal)]);
    const urls: System["urls"] = Object.fromEntries(names.map((name, i) => [name, all[i] ?? ""]));
    const pidOf = (name: InstanceName) => supervised.get(name)?.pid();
    return { gatewayUrl: urls.gateway ?? "", urls, pidOf, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
    if (signal.aborted) reject(signal.reason);
  });
}

function supervise(
  name: InstanceName,
  env: Env,
  logFolder: string,
  say: (line: string) => void,
): Supervised {
  const { promise: ready, resolve, reject } = Promise.withResolvers<string>();
  const logFile = join(logFolder, `${name}.log`);
  const timer = setTimeout(() => {
    reject(new CliError(`${name} did not become ready; see ${logFile}`));
  }, READY_TIMEOUT_MS);
  let child: ChildProcess | undefined;
  let [isStopping, isReady, backoffMs] = [false, false, BACKOFF_FIRST_MS];

  function launch(): void {
    const startedAt = Date.now();
    child = start(name, env, logFile);
    child.on("message", (message: { ready?: { url: string } }) => {
      if (message.ready === undefined) return;
      isReady = true;
      clearTimeout(timer);
      resolve(message.ready.url);
    });
    child.on("exit", (code, signal) => {
      if (isStopping) return;
      if (!isReady) {
        clearTimeout(timer);
        reject(new CliError(`${name} ended while it started; see ${logFile}`));
        return;
      }
      if (Date.now() - startedAt > STEADY_MS) backoffMs = BACKOFF_FIRST_MS;
      say(`${name} ended (${signal ?? code}); it starts again in ${backoffMs} ms`);
      void delay(backoffMs).then(() => isStopping || launch());
      backoffMs = Math.min(backoffMs * 2, BACKOFF_MOST_MS);
    });
  }

  launch();
  ready.catch(() => {});
  return {
    ready,
    pid: () => child?.pid,
    async stop(deadline) {
      isStopping = true;
      clearTimeout(timer);
      if (child !== undefined) await end(child, deadline);
    },
  };
}

function start(name: InstanceName, env: Env, logFile: string): ChildProcess {
  const log = openSync(logFile, "a");
  const inherited = { PATH: process.env.PATH, HOME: process.env.HOME, TZ: process.env.TZ };
  const cache = { NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE };
  const child = spawn(process.execPath, [entryOf(serviceOf(name))], {
    env: { ...inherited, ...cache, ...env },
    stdio: ["ignore", log, log, "ipc"],
    detached: true,
  });
  closeSync(log);
  return child;
}

async function end(child: ChildProcess, deadline: number): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((done) => child.once("exit", done));
  child.kill("SIGTERM");
  const killer = setTimeout(() => child.kill("SIGKILL"), deadline - Date.now());
  await gone;
  clearTimeout(killer);
}

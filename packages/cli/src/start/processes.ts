import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { Env } from "@countinghouse/service-kit";
import { CliError } from "../cli-error.ts";
import { type InstanceName, serviceOf } from "../instances.ts";
import { entryOf } from "../services.ts";
import { SERVICES_STOP_MS, type System } from "./in-process.ts";

/** How long a process may take to be ready, at the start and whenever it is started again. */
const READY_TIMEOUT_MS = 60_000;
const [BACKOFF_FIRST_MS, BACKOFF_MOST_MS] = [200, 10_000];
/** A service that ran this long before it died starts again with the first backoff. */
const STEADY_MS = 30_000;

export interface Supervised {
  readonly ready: Promise<string>;
  pid(): number | undefined;
  /** Ends the service, by force when it has not ended at `deadline`. */
  stop(deadline: number): Promise<void>;
}

/**
 * Runs each instance as a process, started again when it dies, or cannot be started, or is not
 * ready in time; all ended when we end. Throws a CliError, or the reason of `signal` when that says
 * to start no further.
 */
export async function startProcesses(
  environments: Readonly<Partial<Record<InstanceName, Env>>>,
  logFolder: string,
  say: (line: string) => void,
  signal: AbortSignal,
  names: readonly InstanceName[],
  readyTimeoutMs = READY_TIMEOUT_MS,
): Promise<System> {
  const supervised = new Map<InstanceName, Supervised>();
  const stop = async () => {
    const deadline = Date.now() + SERVICES_STOP_MS;
    for (const name of names.toReversed()) await supervised.get(name)?.stop(deadline);
  };
  for (const name of names) {
    const logFile = join(logFolder, `${name}.log`);
    const launch = () => start(name, environments[name] ?? {}, logFile);
    supervised.set(name, supervise({ name, logFile, launch, say, readyTimeoutMs }));
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

/** A process to look after, and how it is made. */
export interface Charge {
  readonly name: InstanceName;
  readonly logFile: string;
  readonly launch: () => ChildProcess;
  readonly say: (line: string) => void;
  readonly readyTimeoutMs: number;
}

/** Keeps one process running, from its first time on. */
export function supervise({ name, logFile, launch, say, readyTimeoutMs }: Charge): Supervised {
  const { promise: ready, resolve, reject } = Promise.withResolvers<string>();
  let child: ChildProcess | undefined;
  let [isStopping, isReady, backoffMs] = [false, false, BACKOFF_FIRST_MS];

  function begin(): void {
    const startedAt = Date.now();
    const ended = (how: unknown) => {
      clearTimeout(timer);
      if (isStopping) return;
      if (!isReady) {
        reject(new CliError(`${name} ended while it started; see ${logFile}`));
        return;
      }
      if (Date.now() - startedAt > STEADY_MS) backoffMs = BACKOFF_FIRST_MS;
      say(`${name} ended (${how}); it starts again in ${backoffMs} ms`);
      void delay(backoffMs).then(() => isStopping || begin());
      backoffMs = Math.min(backoffMs * 2, BACKOFF_MOST_MS);
    };
    const timer = setTimeout(() => {
      reject(new CliError(`${name} did not become ready; see ${logFile}`));
      child?.kill("SIGKILL");
    }, readyTimeoutMs);
    try {
      child = launch();
    } catch (error) {
      // No descriptor or process is to be had: that passes.
      ended((error as Error).message);
      return;
    }
    watch(child, ended, (url) => {
      clearTimeout(timer);
      isReady = true;
      resolve(url);
    });
  }

  begin();
  ready.catch(() => {});
  return {
    ready,
    pid: () => child?.pid,
    async stop(deadline) {
      isStopping = true;
      if (child !== undefined) await end(child, deadline);
    },
  };
}

/** Tells once how a process ended, which may be that it was never made; and when it is ready. */
function watch(
  child: ChildProcess,
  onEnd: (how: unknown) => void,
  onReady: (url: string) => void,
): void {
  child.on("message", (message: { ready?: { url: string } }) => {
    if (message.ready !== undefined) onReady(message.ready.url);
  });
  child.on("exit", (code, signal) => onEnd(signal ?? code));
  child.on("error", (error) => {
    // A process that is there ends by its exit, whatever else goes wrong with it.
    if (child.pid === undefined) onEnd(error.message);
  });
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
  const isThere = child.pid !== undefined && child.exitCode === null && child.signalCode === null;
  if (!isThere) return;
  const gone = new Promise((done) => child.once("exit", done));
  child.kill("SIGTERM");
  const killer = setTimeout(() => child.kill("SIGKILL"), deadline - Date.now());
  await gone;
  clearTimeout(killer);
}

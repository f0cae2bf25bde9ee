import type { ChildProcess } from "node:child_process";
import { closeSync, fstatSync, openSync, readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import pg from "pg";
import { CliError } from "../cli-error.ts";
import { freePorts } from "../free-ports.ts";
import { findBinaries } from "./binaries.ts";
import { ensureCluster, stopOrphan, stopServer } from "./cluster.ts";
import { createRunner } from "./run-as.ts";

const HOST = "127.0.0.1";
const READY_TIMEOUT_MS = 60_000;
const STOP_PATIENCE_MS = 3_000;
const POLL_MS = 25;

/** What differs from PostgreSQL's defaults. Durability is left as it is: on. */
const SETTINGS = {
  listen_addresses: HOST,
  unix_socket_directories: "",
  shared_buffers: "128MB",
  max_connections: "200",
  max_wal_size: "2GB",
  wal_compression: "pglz",
  checkpoint_timeout: "15min",
  password_encryption: "scram-sha-256",
};

/** A running PostgreSQL of our own. */
export interface EmbeddedPostgres {
  /** As its superuser, to the database `postgres`. */
  readonly url: string;
  readonly host: string;
  readonly port: number;
  readonly pid: number;
  /** Resolves with what it ended of, whoever ended it. */
  readonly ended: Promise<string>;
  stop(): Promise<void>;
}

/**
 * Starts PostgreSQL 18 on the cluster in `folder`, which is made where it is missing. The server is
 * in a group of processes of its own, so that a Ctrl-C reaches the services first. It takes the
 * port that is given, else one that is free. Throws a CliError.
 */
export async function startPostgres(
  folder: string,
  password: string,
  logFile: string,
  wantedPort?: number,
): Promise<EmbeddedPostgres> {
  const binaries = await findBinaries();
  const runner = createRunner(binaries.postgres, folder);
  await ensureCluster(folder, password, binaries, runner);
  await stopOrphan(folder);
  const port = wantedPort ?? (await freePorts(1))[0] ?? 0;
  const flags = Object.entries({ ...SETTINGS, port }).flatMap(([k, v]) => ["-c", `${k}=${v}`]);
  const log = openSync(logFile, "a");
  const logBefore = fstatSync(log).size;
  const server = runner.spawn(binaries.postgres, ["-D", folder, ...flags], {
    stdio: ["ignore", log, log],
    detached: true,
  });
  closeSync(log);
  server.unref();
  const ended = new Promise<string>((done) => {
    server.once("exit", (code, signal) => done(signal ?? String(code)));
  });
  const url = `postgres://postgres:${password}@${HOST}:${port}/postgres`;
  // However this process ends, but for kill -9, the server ends, too.
  const stopAtExit = () => server.kill("SIGINT");
  process.on("exit", stopAtExit);
  const stop = async () => {
    if (server.pid !== undefined && isRunning(server)) {
      await stopServer(server.pid, STOP_PATIENCE_MS);
    }
    process.off("exit", stopAtExit);
  };
  if (await isReady(server, url)) {
    return { url, host: HOST, port, pid: server.pid ?? 0, ended, stop };
  }
  await stop();
  const said = readFileSync(logFile).subarray(logBefore).toString();
  throw new CliError(`PostgreSQL did not start: ${reasonIn(said)} (${logFile})`);
}

function isRunning({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode === null && signalCode === null;
}

/** The reason among the lines that the server said. */
function reasonIn(said: string): string {
  const lines = said.trim().split("\n");
  const reason = lines.findLast((line) => /FATAL|PANIC/.test(line)) ?? lines.at(-1) ?? "";
  return reason.replace(/^.*(FATAL|PANIC): +/, "");
}

async function isReady(server: ChildProcess, url: string): Promise<boolean> {
  const until = Date.now() + READY_TIMEOUT_MS;
  let isSpawned = true;
  server.on("error", () => {
    isSpawned = false;
  });
  while (Date.now() < until && isSpawned && isRunning(server)) {
    const client = new pg.Client({ connectionString: url });
    try {
      await client.connect();
      await client.end();
      return true;
    } catch {
      await delay(POLL_MS);
    }
  }
  return false;
}

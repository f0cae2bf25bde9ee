import { execFileSync } from "node:child_process";
import { once } from "node:events";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { CliError } from "../cli-error.ts";
import type { Binaries } from "./binaries.ts";
import type { Runner } from "./run-as.ts";

const MAJOR = "18";
const SUPERUSER = "postgres";
/** How long a server that a killed start has left may take to end cleanly. */
const ORPHAN_PATIENCE_MS = 7_000;
const ABRUPT_PATIENCE_MS = 500;
const POLL_MS = 20;

/**
 * Makes the cluster in `folder` if there is none; one whose making was interrupted is made anew.
 * Throws a CliError when the folder holds something else.
 */
export async function ensureCluster(
  folder: string,
  password: string,
  binaries: Binaries,
  runner: Runner,
): Promise<void> {
  const marker = `${folder}.unfinished`;
  if (existsSync(marker)) rmSync(folder, { recursive: true, force: true });
  if (existsSync(folder) && readdirSync(folder).length > 0) {
    checkVersion(folder);
    return;
  }
  const passwordFile = `${folder}.password`;
  try {
    writeFileSync(marker, "");
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    writeFileSync(passwordFile, password, { mode: 0o600 });
    for (const path of [folder, passwordFile]) runner.own(path);
    await initdb(folder, passwordFile, binaries, runner);
    rmSync(marker);
  } finally {
    rmSync(passwordFile, { force: true });
  }
}

function checkVersion(folder: string): void {
  const file = join(folder, "PG_VERSION");
  const version = existsSync(file) ? readFileSync(file, "utf8").trim() : undefined;
  if (version === undefined || !existsSync(join(folder, "global", "pg_control"))) {
    throw new CliError(
      `The data folder is broken: ${folder} is no whole PostgreSQL cluster. ` +
        "Restore it, or move it away to begin with an empty one.",
    );
  }
  if (version !== MAJOR) {
    throw new CliError(`${folder} is of PostgreSQL ${version}; this release runs ${MAJOR}.`);
  }
}

async function initdb(
  folder: string,
  passwordFile: string,
  binaries: Binaries,
  runner: Runner,
): Promise<void> {
  const args = [
    `--pgdata=${folder}`,
    `--username=${SUPERUSER}`,
    `--pwfile=${passwordFile}`,
    ...["--auth=scram-sha-256", "--encoding=UTF8", "--no-locale", "--no-instructions"],
  ];
  const child = runner.spawn(binaries.initdb, args, { stdio: ["ignore", "ignore", "pipe"] });
  let errors = "";
  child.stderr?.on("data", (chunk: Buffer) => {
    errors += chunk;
  });
  const code = await once(child, "close").then(
    ([code]) => code,
    (error: Error) => {
      errors += error.message;
    },
  );
  if (code !== 0) {
    const [line = ""] = errors.trim().split("\n").slice(-1);
    throw new CliError(`PostgreSQL could not make its cluster in ${folder}: ${line}`);
  }
}

/**
 * Ends a server that a killed start has left running on this cluster, and what is left of one that
 * was killed itself: its processes, which end a moment later, and its lock when its number stays
 * taken because nobody has collected the dead process.
 */
export async function stopOrphan(folder: string): Promise<void> {
  const file = join(folder, "postmaster.pid");
  if (!existsSync(file)) return;
  const [line = ""] = readFileSync(file, "utf8").split("\n");
  const pid = Number(line);
  if (pid > 0 && isIn(pid, folder)) await stopServer(pid, ORPHAN_PATIENCE_MS);
  const until = Date.now() + ORPHAN_PATIENCE_MS;
  while (processesIn(folder).length > 0 && Date.now() < until) await delay(POLL_MS);
  if (isDead(pid) && processesIn(folder).length === 0) rmSync(file, { force: true });
}

const HAS_PROC = existsSync("/proc/self/cwd");

/**
 * Every process of a cluster works in its folder, which the server has on its command line, too.
 */
function isIn(pid: number, folder: string): boolean {
  try {
    if (HAS_PROC) return readlinkSync(`/proc/${pid}/cwd`) === realpathSync(folder);
    const command = execFileSync("ps", ["-o", "command=", "-p", String(pid)], { encoding: "utf8" });
    return command.includes(folder);
  } catch {
    return false;
  }
}

function processesIn(folder: string): number[] {
  if (!HAS_PROC) return [];
  const pids = readdirSync("/proc").map(Number);
  return pids.filter((pid) => pid > 0 && isIn(pid, folder));
}

function isDead(pid: number): boolean {
  try {
    return /^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}

/**
 * Ends a server quickly but cleanly. If that takes longer than `patienceMs` it ends at once, with
 * recovery at the next start; nothing committed is lost either way.
 */
export async function stopServer(pid: number, patienceMs: number): Promise<void> {
  for (const signal of ["SIGINT", "SIGQUIT", "SIGKILL"] as const) {
    if (!sent(pid, signal)) return;
    const until = Date.now() + (signal === "SIGINT" ? patienceMs : ABRUPT_PATIENCE_MS);
    while (Date.now() < until) {
      if (!sent(pid, 0) || isDead(pid)) return;
      await delay(POLL_MS);
    }
  }
}

function sent(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(pid, signal);
    return true;
  } catch {
    return false;
  }
}

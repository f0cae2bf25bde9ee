import { type ChildProcess, execFileSync, type SpawnOptions, spawn } from "node:child_process";
import { chownSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { CliError } from "../cli-error.ts";

const USER = "postgres";
const OTHERS_MAY_PASS = 0o001;

/** Runs PostgreSQL's programs: as who we are, or when that is root as a user of its own. */
export interface Runner {
  spawn(file: string, args: readonly string[], options: SpawnOptions): ChildProcess;
  /** Gives a file or folder to the user that the programs run as. */
  own(path: string): void;
}

/**
 * PostgreSQL refuses to run as root. As root, its programs run as the owner of the cluster in
 * `folder`, or as the user `postgres` where there is none yet. Where that user could not reach the
 * paths (a folder of mode 700 above them) it keeps the capability to. The kernel would leave that
 * capability out of account when initdb asks, as the plain user, whether it may run the server
 * (access(2)), but for the securebit. Throws a CliError when none of it is possible.
 */
export function createRunner(program: string, folder: string): Runner {
  if (process.getuid?.() !== 0) return { spawn: (...args) => spawn(...args), own: () => {} };
  const { uid, gid } = ownerOf(folder) ?? postgresUser();
  const paths = [program, folder];
  const own = (path: string) => chownSync(path, uid, gid);
  if (paths.every(isOpenToAll)) {
    return { own, spawn: (file, args, options) => spawn(file, args, { ...options, uid, gid }) };
  }
  const capability = ["--inh-caps=+dac_override", "--ambient-caps=+dac_override"];
  const securebit = "--securebits=+no_setuid_fixup";
  const as = [`--reuid=${uid}`, `--regid=${gid}`, "--clear-groups", securebit, ...capability];
  checkReach(as, paths);
  return {
    own,
    spawn: (file, args, options) => spawn("setpriv", [...as, file, ...args], options),
  };
}

function checkReach(as: readonly string[], paths: readonly string[]): void {
  try {
    execFileSync("setpriv", [...as, "true"], { stdio: "ignore" });
  } catch (cause) {
    throw new CliError(
      `PostgreSQL does not run as root, and the user it runs as cannot enter ` +
        `${paths.filter((path) => !isOpenToAll(path)).join(" and ")}; ` +
        "start as another user, move the folder, or set DATABASE_URL.",
      { cause },
    );
  }
}

/** Whether everybody may pass through all folders above a path. */
function isOpenToAll(path: string): boolean {
  const folder = dirname(path);
  const { mode } = statSync(folder, { throwIfNoEntry: false }) ?? { mode: OTHERS_MAY_PASS };
  return (mode & OTHERS_MAY_PASS) !== 0 && (folder === dirname(folder) || isOpenToAll(folder));
}

function ownerOf(folder: string): { uid: number; gid: number } | undefined {
  const owner = statSync(folder, { throwIfNoEntry: false });
  return owner === undefined || owner.uid === 0 ? undefined : owner;
}

function postgresUser(): { uid: number; gid: number } {
  try {
    return { uid: idOf("-u"), gid: idOf("-g") };
  } catch {
    try {
      execFileSync("useradd", ["--system", "--user-group", USER], { stdio: "ignore" });
      return { uid: idOf("-u"), gid: idOf("-g") };
    } catch (cause) {
      throw new CliError(
        "PostgreSQL does not run as root, and the user postgres could not be made; " +
          "start as another user, or set DATABASE_URL.",
        { cause },
      );
    }
  }
}

function idOf(which: "-u" | "-g"): number {
  return Number(execFileSync("id", [which, USER], { stdio: ["ignore", "pipe", "ignore"] }));
}

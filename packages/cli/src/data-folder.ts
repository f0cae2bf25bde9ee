import { randomBytes } from "node:crypto";
import {
  closeSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join, resolve } from "node:path";
import { CliError, reasonOf } from "./cli-error.ts";

const SECRET_BYTES = 48;
const OWNER_ONLY = 0o600;

/** The folder that holds all that a system on this machine keeps. */
export interface DataFolder {
  readonly path: string;
  readonly postgres: string;
  readonly logs: string;
  readonly running: string;
  /** The text of a secret of its own, made on the first use, readable by its owner only. */
  secret(name: "secret-key" | "postgres-password"): string;
}

/** The data folder of these settings; nothing is touched. */
export function dataFolderAt(path: string): DataFolder {
  const root = resolve(path);
  return {
    path: root,
    postgres: join(root, "postgres"),
    logs: join(root, "logs"),
    running: join(root, "running.json"),
    secret: (name) => secretAt(join(root, name)),
  };
}

/** Makes the folder where it is missing. Throws a CliError when it cannot be written to. */
export function prepare(folder: DataFolder): void {
  try {
    mkdirSync(folder.logs, { recursive: true });
    const probe = join(folder.path, `.probe-${process.pid}`);
    writeFileSync(probe, "");
    rmSync(probe);
  } catch (error) {
    throw new CliError(`The data folder ${folder.path} cannot be used: ${reasonOf(error)}.`);
  }
}

/**
 * Takes the folder for this process until the returned function is called. Throws a CliError when a
 * living process has it; a lock that a killed one left is taken over.
 */
export function lock(folder: DataFolder): () => void {
  const path = join(folder.path, "lock");
  const mine = `${process.pid} ${startedAt(process.pid)}`;
  for (;;) {
    try {
      const file = openSync(path, "wx", OWNER_ONLY);
      writeSync(file, mine);
      closeSync(file);
      return () => rmSync(path, { force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
      const [pid = "", started = ""] = readFileSync(path, "utf8").split(" ");
      if (startedAt(Number(pid)) === started && started !== "") {
        throw new CliError(`A system is running already with ${folder.path} (process ${pid}).`);
      }
      rmSync(path, { force: true });
    }
  }
}

/** When a living process was started, in a form that tells it from a later one; else empty. */
function startedAt(pid: number): string {
  try {
    process.kill(pid, 0);
  } catch {
    return "";
  }
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return fields[0] === "Z" ? "" : (fields[19] ?? "");
  } catch {
    return "alive";
  }
}

function secretAt(path: string): string {
  if (statSync(path, { throwIfNoEntry: false }) === undefined) {
    const made = randomBytes(SECRET_BYTES).toString("base64url");
    writeFileSync(path, made, { mode: OWNER_ONLY, flag: "wx" });
  }
  return readFileSync(path, "utf8").trim();
}

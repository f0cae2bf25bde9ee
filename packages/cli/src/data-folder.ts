import { randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { CliError, reasonOf } from "./cli-error.ts";

const SECRET_BYTES = 48;
const SECRET_MIN = 32;
const OWNER_ONLY = 0o600;

type SecretName = "secret-key" | "postgres-password";

/** The folder that holds all that a system on this machine keeps. */
export interface DataFolder {
  readonly path: string;
  readonly postgres: string;
  readonly logs: string;
  /** The checkpoints that were published; the audit compares its database with them. */
  readonly checkpoints: string;
  readonly running: string;
  /** The text of a secret of its own, made on the first use, readable by its owner only. */
  secret(name: SecretName): string;
  /** The same, or undefined when it was never made. */
  knownSecret(name: SecretName): string | undefined;
}

/** The data folder of these settings; nothing is touched. */
export function dataFolderAt(path: string): DataFolder {
  const root = resolve(path);
  return {
    path: root,
    postgres: join(root, "postgres"),
    logs: join(root, "logs"),
    checkpoints: join(root, "checkpoints"),
    running: join(root, "running.json"),
    secret: (name) => readSecret(join(root, name)) ?? makeSecret(join(root, name)),
    knownSecret: (name) => readSecret(join(root, name)),
  };
}

/** Makes the folder where it is missing. Throws a CliError when it cannot be written to. */
export function prepare(folder: DataFolder): void {
  try {
    makeFolder(folder.logs);
    const probe = join(folder.path, `.probe-${process.pid}`);
    writeFileSync(probe, "");
    rmSync(probe);
  } catch (error) {
    throw new CliError(`The data folder ${folder.path} cannot be used: ${reasonOf(error)}.`);
  }
}

/** Not mkdir's own `recursive`: that never comes back from below /proc, and it hides the reason. */
function makeFolder(path: string): void {
  if (isFolder(path)) return;
  if (dirname(path) !== path) makeFolder(dirname(path));
  try {
    mkdirSync(path);
  } catch (error) {
    if (!isFolder(path)) throw error;
  }
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

function readSecret(path: string): string | undefined {
  try {
    const secret = readFileSync(path, "utf8").trim();
    if (secret.length >= SECRET_MIN) return secret;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw new CliError(`The secret in ${path} cannot be used: ${reasonOf(error)}.`);
  }
  throw new CliError(`The secret in ${path} is cut off; bring the file back from a backup.`);
}

/** Whole or not at all, whenever the process or the power is cut. */
function makeSecret(path: string): string {
  const made = randomBytes(SECRET_BYTES).toString("base64url");
  const unfinished = `${path}.${process.pid}`;
  writeFileSync(unfinished, made, { mode: OWNER_ONLY, flush: true });
  renameSync(unfinished, path);
  return made;
}

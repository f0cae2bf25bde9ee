import { execFileSync } from "node:child_process";
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { CliError, reasonOf } from "./cli-error.ts";
import type { DataFolder } from "./data-folder.ts";

const OWNER_ONLY = 0o600;

/**
 * Takes the folder for this process until the returned function is called. Throws a CliError when a
 * living process has it; a lock that a killed one left is taken over. Of many that try at once, one
 * gets it: the lock appears with its content, and is moved away before it is judged a second time.
 */
export function lock(folder: DataFolder): () => void {
  const path = join(folder.path, "lock");
  const mine = `${path}.${process.pid}`;
  try {
    writeFileSync(mine, `${process.pid} ${startedAt(process.pid)}`, { mode: OWNER_ONLY });
    while (!links(mine, path)) clearLeftOver(path, folder);
    return () => rmSync(path, { force: true });
  } catch (error) {
    if (error instanceof CliError) throw error;
    throw new CliError(`The data folder ${folder.path} cannot be locked: ${reasonOf(error)}.`);
  } finally {
    rmSync(mine, { force: true });
  }
}

/** Whether a living process has the folder. */
export function isLocked(folder: DataFolder): boolean {
  return isRunning(textOf(join(folder.path, "lock")) ?? "");
}

/** Whether the process that wrote this lives: its number and when it was started. */
function isRunning(text: string): boolean {
  const [pid = "", started = ""] = text.split(" ");
  return Number(pid) > 0 && started !== "" && startedAt(Number(pid)) === started;
}

function clearLeftOver(path: string, folder: DataFolder): void {
  const text = textOf(path);
  if (text === undefined) return;
  if (isRunning(text)) {
    const [pid] = text.split(" ");
    throw new CliError(`A system is running already with ${folder.path} (process ${pid}).`);
  }
  const aside = `${path}.${process.pid}.old`;
  renameSync(path, aside);
  // Another start may have taken it over in between; then it is not left over any more.
  if (textOf(aside) !== text) links(aside, path);
  rmSync(aside, { force: true });
}

function links(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/** When a living process was started, in a form that tells it from a later one; else empty. */
function startedAt(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return fields[0] === "Z" ? "" : (fields[19] ?? "");
  } catch {
    return process.platform === "linux" ? "" : startedAtByPs(pid);
  }
}

function startedAtByPs(pid: number): string {
  try {
    const args = ["-o", "lstart=", "-p", String(pid)];
    const text = execFileSync("ps", args, { stdio: ["ignore", "pipe", "ignore"] }).toString();
    return text.trim().replaceAll(/\s+/g, "-");
  } catch {
    return "";
  }
}

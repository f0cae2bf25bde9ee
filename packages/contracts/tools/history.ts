import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** A file as a commit had it. */
export interface CommittedFile {
  /** From the folder that was asked about. */
  readonly path: string;
  readonly commit: string;
  readonly text: string;
}

/** Released by mistake and seen by nobody: by path, the last commit whose state does not count. */
const WITHDRAWN = "withdrawn.json";

/**
 * Every state of the schemas and fixtures of a folder in the history of the commit that is checked
 * out; none where the folder is in no repository.
 */
export function committedFiles(folder: string): CommittedFile[] {
  const log = git(folder, "log", "--format=>%H", "--name-only", "--relative", "--", ".");
  const withdrawn = withdrawals(folder);
  const over = new Set<string>();
  const found: CommittedFile[] = [];
  let commit = "";
  for (const line of log.split("\n")) {
    if (line.startsWith(">")) commit = line.slice(1);
    if (!/^(schemas|fixtures)\/.+\.(json|ndjson)$/.test(line)) continue;
    if (withdrawn[line] === commit) over.add(line);
    const text = over.has(line) ? "" : git(folder, "show", `${commit}:./${line}`);
    if (text !== "") found.push({ path: line, commit, text });
  }
  return found;
}

function withdrawals(folder: string): Readonly<Record<string, string>> {
  const file = join(folder, WITHDRAWN);
  return existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : {};
}

/** What git prints; nothing where it fails, as for a file that a commit has removed. */
function git(folder: string, ...args: string[]): string {
  try {
    const stdio = ["ignore", "pipe", "ignore"] as ["ignore", "pipe", "ignore"];
    return execFileSync("git", args, { cwd: folder, encoding: "utf8", stdio });
  } catch {
    return "";
  }
}

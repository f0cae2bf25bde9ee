import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { promisify } from "node:util";

const HOME = resolve(import.meta.dirname, "../../kafka");
const LIBS = join(HOME, "libs");
const run = promisify(execFile);

/** What Java has to be told to find a broker's classes. */
export const CLASS_PATH = join(LIBS, "*");

/**
 * Fetches the broker's jars with Maven, unless they are here. They appear all at once, so that runs
 * side by side do not break each other's. Throws when there is no Maven.
 */
export async function fetchJars(): Promise<void> {
  const stamp = join(LIBS, ".stamp");
  const hash = createHash("sha256")
    .update(readFileSync(join(HOME, "pom.xml")))
    .digest("hex");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === hash) return;
  const fetched = `${LIBS}.${process.pid}`;
  const args = ["-B", "-ntp", "-q", "dependency:copy-dependencies", `-Dlibs=${fetched}`];
  try {
    await run("mvn", args, { cwd: HOME });
    writeFileSync(join(fetched, ".stamp"), hash);
    rmSync(LIBS, { recursive: true, force: true });
    renameSync(fetched, LIBS);
  } catch (cause) {
    // Another run may have been quicker.
    if (existsSync(stamp) && readFileSync(stamp, "utf8") === hash) return;
    const { code, message } = cause as NodeJS.ErrnoException;
    const reason = code === "ENOENT" ? "there is no Maven (mvn)" : message;
    throw new Error(`the broker's jars could not be fetched: ${reason}`, { cause });
  } finally {
    rmSync(fetched, { recursive: true, force: true });
  }
}

import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { CliError, reasonOf } from "../cli-error.ts";
import type { Binaries } from "./binaries.ts";
import { isOpenToAll } from "./run-as.ts";

const HOME = "/var/lib/countinghouse";

/**
 * The programs where the user `postgres` can run them. As root, in a clone that only root may
 * enter, that is a copy: initdb asks as the plain user whether it may run its server, so that no
 * capability helps there.
 */
export function reachable(binaries: Binaries): Binaries {
  if (process.getuid?.() !== 0 || isOpenToAll(binaries.postgres)) return binaries;
  const original = dirname(dirname(binaries.postgres));
  const copy = join(HOME, `postgresql-${versionOf(original)}`);
  if (!existsSync(copy)) copyTo(copy, original);
  const bin = join(copy, "bin");
  return {
    initdb: join(bin, basename(binaries.initdb)),
    postgres: join(bin, basename(binaries.postgres)),
  };
}

function versionOf(folder: string): string {
  const text = readFileSync(join(dirname(folder), "package.json"), "utf8");
  return (JSON.parse(text) as { version: string }).version;
}

/** Copies beside the place first, so that what stands there is always whole. */
function copyTo(copy: string, original: string): void {
  const unfinished = `${copy}.${process.pid}`;
  try {
    mkdirSync(HOME, { recursive: true, mode: 0o755 });
    cpSync(original, unfinished, { recursive: true, verbatimSymlinks: true });
    chmodSync(unfinished, 0o755);
    renameSync(unfinished, copy);
  } catch (error) {
    rmSync(unfinished, { recursive: true, force: true });
    // Another start may have been quicker.
    if (existsSync(copy)) return;
    throw new CliError(
      `PostgreSQL does not run as root, and its own user cannot enter ${original}; ` +
        `copying it to ${copy} failed: ${reasonOf(error)}. Move the clone, or set DATABASE_URL.`,
    );
  }
}

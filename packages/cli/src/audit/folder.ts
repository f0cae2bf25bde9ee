import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { ReadFile } from "@countinghouse/verifier";
import { CliError } from "../cli-error.ts";

/** The files of a bundle. A file is there as a whole or not at all. */
export interface BundleFolder {
  readonly path: string;
  readonly read: ReadFile;
  has(path: string): Promise<boolean>;
  write(path: string, bytes: Uint8Array | string): Promise<void>;
  move(from: string, to: string): Promise<void>;
  remove(path: string): Promise<void>;
  /** All files below a folder of it, by their paths. */
  list(below: string): Promise<string[]>;
}

export function bundleFolder(path: string): BundleFolder {
  const read: ReadFile = (file) => absent(readFile(join(path, file)));
  return {
    ...{ path, read },
    has: async (file) => (await absent(stat(join(path, file)))) !== undefined,
    async write(file, bytes) {
      const target = join(path, file);
      await mkdir(dirname(target), { recursive: true });
      await writeFile(`${target}.unfinished`, bytes);
      await rename(`${target}.unfinished`, target);
    },
    move: (from, to) => rename(join(path, from), join(path, to)),
    remove: (file) => rm(join(path, file), { force: true }),
    async list(below) {
      const options = { recursive: true, withFileTypes: true } as const;
      const entries = (await absent(readdir(join(path, below), options))) ?? [];
      const files = entries.filter((entry) => entry.isFile());
      return files.map((entry) => join(entry.parentPath, entry.name).slice(path.length + 1));
    },
  };
}

/** A folder that has to be there. Throws a CliError. */
export async function existingBundle(path: string): Promise<BundleFolder> {
  const found = await absent(stat(path));
  if (found?.isDirectory()) return bundleFolder(path.replace(/\/+$/, "") || "/");
  throw new CliError(`There is no bundle in ${path}.`);
}

async function absent<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw error;
  }
}

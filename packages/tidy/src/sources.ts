import { execFileSync } from "node:child_process";
import { lstatSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";

/** The root of the repository. */
export const ROOT = resolve(import.meta.dirname, "../../..");

/** A file of the repository: its path from the root, and its lines. */
export interface Source {
  readonly path: string;
  readonly text: string;
  readonly lines: readonly string[];
}

/** The files that git tracks or would track, by the ends of their names. */
export function sources(...ends: string[]): Source[] {
  const args = ["ls-files", "--cached", "--others", "--exclude-standard"];
  const paths = execFileSync("git", args, { cwd: ROOT, encoding: "utf8" }).split("\n");
  return paths
    .filter((path) => ends.some((end) => path.endsWith(end)) && isFile(path))
    .map((path) => {
      const text = readFileSync(join(ROOT, path), "utf8");
      return { path, text, lines: text.split("\n") };
    });
}

function isFile(path: string): boolean {
  return lstatSync(join(ROOT, path), { throwIfNoEntry: false })?.isFile() ?? false;
}

/** What a TypeScript file imports, statically or by a literal `import()`. */
export function importsOf({ text }: Source): string[] {
  const pattern = /(?:\bfrom\s+|\bimport\s+|\bimport\(\s*)"([^"]+)"/g;
  return [...text.matchAll(pattern)].map(([, name]) => name ?? "");
}

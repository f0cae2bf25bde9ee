import { execFileSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import type { Edit } from "./defects.ts";

export const ROOT = resolve(import.meta.dirname, "../../../..");
const JARS = "packages/testing/kafka/libs";

/** A copy of the checkout, with its packages, to be changed. */
export interface Copy {
  readonly path: string;
  /** Changes it as long as `work` takes. Throws when an edit does not fit. */
  edited<T>(edits: readonly Edit[], work: () => Promise<T>): Promise<T>;
  remove(): void;
}

/** The text after an edit. Throws when what it looks for does not stand there exactly once. */
export function applied(text: string, { file, find, replace }: Edit): string {
  const parts = text.split(find);
  if (parts.length !== 2) throw new Error(`${file} has ${parts.length - 1} times: ${find}`);
  return parts.join(replace);
}

/** Copies every file that belongs to the checkout; what is installed is shared. */
export function copyCheckout(): Copy {
  const path = mkdtempSync(join(tmpdir(), "countinghouse-planted-"));
  const args = ["ls-files", "-z", "--cached", "--others", "--exclude-standard"];
  const listed = execFileSync("git", args, { cwd: ROOT, encoding: "utf8" }).split("\0");
  const files = listed.filter((file) => file !== "" && existsSync(join(ROOT, file)));
  for (const file of files) {
    mkdirSync(dirname(join(path, file)), { recursive: true });
    cpSync(join(ROOT, file), join(path, file));
  }
  symlinkSync(join(ROOT, "node_modules"), join(path, "node_modules"));
  for (const file of files.filter((one) => /^\w+\/[\w-]+\/package\.json$/.test(one))) {
    const own = join(dirname(file), "node_modules");
    // Their links to each other are relative: in the copy they lead to the copy.
    const options = { recursive: true, verbatimSymlinks: true };
    if (existsSync(join(ROOT, own))) cpSync(join(ROOT, own), join(path, own), options);
  }
  if (existsSync(join(ROOT, JARS))) symlinkSync(join(ROOT, JARS), join(path, JARS));
  return {
    path,
    remove: () => rmSync(path, { recursive: true, force: true }),
    async edited(edits, work) {
      const before = new Map<string, string>();
      try {
        for (const edit of edits) {
          const file = join(path, edit.file);
          const text = readFileSync(file, "utf8");
          if (!before.has(file)) before.set(file, text);
          writeFileSync(file, applied(text, edit));
        }
        return await work();
      } finally {
        for (const [file, text] of before) writeFileSync(file, text);
      }
    },
  };
}

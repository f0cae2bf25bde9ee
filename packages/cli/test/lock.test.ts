import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type DataFolder, dataFolderAt } from "../src/data-folder.ts";
import { isLocked, lock } from "../src/lock.ts";

const SOURCE = resolve(import.meta.dirname, "../src");
/** Takes the lock of a folder, says so, and keeps it until it is told to end. */
const HOLDER = `
  const { lock } = await import("${SOURCE}/lock.ts");
  const { dataFolderAt } = await import("${SOURCE}/data-folder.ts");
  try {
    lock(dataFolderAt(process.argv[1]));
    process.stdout.write("taken");
    setTimeout(() => {}, 1_500);
  } catch (error) {
    process.stdout.write(error.constructor.name);
  }`;

let folder: DataFolder;
beforeEach(() => {
  folder = dataFolderAt(mkdtempSync(join(tmpdir(), "countinghouse-lock-")));
});
afterEach(() => rmSync(folder.path, { recursive: true, force: true }));

function hold(): Promise<string> {
  const args = ["--input-type=module", "-e", HOLDER, folder.path];
  return new Promise((said, failed) => {
    execFile(process.execPath, args, (error, out) => (error ? failed(error) : said(out)));
  });
}

test("a folder is locked until it is let go of", () => {
  const release = lock(folder);
  expect(isLocked(folder)).toBe(true);
  expect(() => lock(folder)).toThrow(/^A system is running already with \S+ \(process \d+\)\.$/);
  release();
  expect(isLocked(folder)).toBe(false);
});

test.each([
  ["of a process that has gone", "4194305 1"],
  ["of an earlier process with our number", `${process.pid} 1`],
  ["that was never written to its end", ""],
])("a lock %s is taken over", (_, text) => {
  writeFileSync(join(folder.path, "lock"), text);
  expect(isLocked(folder)).toBe(false);
  lock(folder);
  expect(readFileSync(join(folder.path, "lock"), "utf8")).toMatch(`${process.pid} `);
});

test("of many that take over a lock at once, one gets it", async () => {
  writeFileSync(join(folder.path, "lock"), "4194305 1");
  const said = await Promise.all(Array.from({ length: 6 }, hold));
  expect(said.toSorted()).toEqual([...Array(5).fill("CliError"), "taken"]);
});

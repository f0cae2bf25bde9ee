import { existsSync, globSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { incompatibilities } from "../src/events/compatibility.ts";
import type { JsonSchema } from "../src/events/documents.ts";
import { type CommittedFile, committedFiles } from "./history.ts";

type Documents = ReadonlyMap<string, JsonSchema>;

const SCHEMAS = "schemas";
const FIXTURES = "fixtures/events";

/**
 * What is wrong between the schemas of the code and what was released in this folder: in the files
 * that are there, and in every state of them that was ever committed. Empty when nothing is.
 */
export function check(documents: Documents, folder: string): string[] {
  const history = committedFiles(folder);
  return [
    ...differences(documents, folder),
    ...missingVersions(documents, folder),
    ...history.flatMap((committed) => againstCommit(documents, folder, committed)),
    ...withoutFixture(documents, folder),
  ];
}

/** Writes the files of schemas that are new or compatible; gives what is wrong with the others. */
export function write(documents: Documents, folder: string): string[] {
  const problems: string[] = [];
  for (const [name, document] of documents) {
    const file = join(folder, SCHEMAS, name);
    const found = existsSync(file) ? incompatibilities(read(file), document) : [];
    problems.push(...found.map((text) => `${name} ${text}`));
    if (found.length > 0) continue;
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, textOf(document));
  }
  return problems;
}

function differences(documents: Documents, folder: string): string[] {
  return [...documents].flatMap(([name, document]) => {
    const file = join(folder, SCHEMAS, name);
    if (!existsSync(file)) return [`${name} has no file: npm run contracts write`];
    const found = incompatibilities(read(file), document);
    if (found.length > 0) return found.map((text) => `${name} ${text}`);
    const isSame = readFileSync(file, "utf8") === textOf(document);
    return isSame ? [] : [`${name} is not as the code has it: npm run contracts write`];
  });
}

function missingVersions(documents: Documents, folder: string): string[] {
  const files = globSync("**/*.json", { cwd: join(folder, SCHEMAS) });
  return files
    .filter((name) => !documents.has(name))
    .map((name) => `${name} was released, and the catalogue does not have it`);
}

function againstCommit(documents: Documents, folder: string, committed: CommittedFile): string[] {
  const { path, commit, text } = committed;
  const from = `as of ${commit.slice(0, 8)}`;
  if (path.startsWith(`${FIXTURES}/`)) {
    const file = join(folder, path);
    const lines = new Set(existsSync(file) ? readFileSync(file, "utf8").split("\n") : []);
    const isComplete = text.split("\n").every((line) => line === "" || lines.has(line));
    return isComplete ? [] : [`${path} lacks a line ${from}`];
  }
  const name = path.slice(SCHEMAS.length + 1);
  const document = documents.get(name);
  if (document === undefined) return [`${name} ${from} is not in the catalogue any more`];
  const found = incompatibilities(JSON.parse(text) as JsonSchema, document);
  return found.map((reason) => `${name} ${from} ${reason}`);
}

function withoutFixture(documents: Documents, folder: string): string[] {
  return [...documents.keys()]
    .filter((name) => name.startsWith("events/"))
    .map((name) => join(FIXTURES, `${name.slice("events/".length, -".json".length)}.ndjson`))
    .filter((path) => !existsSync(join(folder, path)))
    .map((path) => `${path} is missing: a line of the log with such an event`);
}

function read(file: string): JsonSchema {
  return JSON.parse(readFileSync(file, "utf8")) as JsonSchema;
}

function textOf(document: JsonSchema): string {
  return `${JSON.stringify(document, undefined, 2)}\n`;
}

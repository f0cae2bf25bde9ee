// `npm run contracts check` compares the schemas of the code with the released ones in this
// package; `npm run contracts write` writes new ones, and refuses to break a released one.
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { schemaDocuments } from "../src/events/documents.ts";
import { check, write } from "./released.ts";

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { folder: { type: "string", default: resolve(import.meta.dirname, "..") } },
});
const [command = "check"] = positionals;
const work = { check, write }[command];
if (work === undefined) throw new Error(`check or write, not ${command}`);

const problems = work(schemaDocuments(), values.folder);
for (const problem of problems) process.stderr.write(`${problem}\n`);
if (problems.length > 0) {
  process.stderr.write("A released schema gains optional members only; else add a version.\n");
  process.exitCode = 1;
} else {
  process.stdout.write(`${schemaDocuments().size} schemas hold what was released.\n`);
}

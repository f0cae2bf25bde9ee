// What the bank promises (docs/REQUIREMENTS.md), the tests that prove it, and how they ended:
//   npm test -- --reporter=json --outputFile=results.json
//   npm run requirements -- results.json [--titles]
import { readFileSync } from "node:fs";
import { join, relative } from "node:path";

const ROOT = join(import.meta.dirname, "..");
const CLAIMS = join(ROOT, "docs", "REQUIREMENTS.md");
/** How many files a row names; the rest is a number. */
const FILES_SHOWN = 2;

/** The report of vitest, as far as it is read here. */
export interface Report {
  readonly testResults: readonly {
    readonly name: string;
    readonly assertionResults: readonly { readonly fullName: string; readonly status: string }[];
  }[];
}

interface Proof {
  readonly title: string;
  readonly file: string;
  readonly status: string;
}

/** One row of what is promised, with its tests. */
export interface Row {
  readonly id: string;
  readonly promise: string;
  readonly proofs: readonly Proof[];
  readonly result: "holds" | "fails" | "has no test";
}

/** The rows of the document, each with the tests whose titles have its id. */
export function rowsOf(document: string, reports: readonly Report[]): Row[] {
  const claims = [...document.matchAll(/^\| (S\d+[a-h]?) \| (.+?) \|$/gm)];
  const proofs = reports.flatMap(proofsOf);
  return claims.map(([, id = "", promise = ""]) => {
    const own = proofs.filter(({ title }) => title.includes(`[${id}]`));
    return { id, promise, proofs: own, result: resultOf(own) };
  });
}

/** Ids in titles that the document does not promise. */
export function strangersOf(document: string, reports: readonly Report[]): string[] {
  const known = new Set(rowsOf(document, []).map(({ id }) => id));
  const titles = reports.flatMap(proofsOf).map(({ title }) => title);
  const ids = titles.flatMap((title) => [...title.matchAll(/\[(S\d+[a-h]?)\]/g)]);
  return [...new Set(ids.map(([, id = ""]) => id))].filter((id) => !known.has(id)).sort();
}

function proofsOf({ testResults }: Report): Proof[] {
  return testResults.flatMap(({ name, assertionResults }) => {
    const file = relative(ROOT, name);
    return assertionResults.map(({ fullName, status }) => ({ title: fullName, file, status }));
  });
}

/** A test that was skipped proves nothing. */
function resultOf(proofs: readonly Proof[]): Row["result"] {
  if (proofs.some(({ status }) => status === "failed")) return "fails";
  return proofs.some(({ status }) => status === "passed") ? "holds" : "has no test";
}

function show({ id, promise, proofs, result }: Row, withTitles: boolean): string {
  const files = [...new Set(proofs.map(({ file }) => file))];
  const more = files.length > FILES_SHOWN ? ` and ${files.length - FILES_SHOWN} more` : "";
  const named = files.slice(0, FILES_SHOWN).join(", ") + more;
  const count = String(proofs.length).padStart(4);
  const line = `${id.padEnd(5)}${result.padEnd(13)}${count}  ${promise}`;
  const titles = proofs.map(({ title, status }) => `         ${status}: ${title}`);
  const details = [
    ...(files.length > 0 ? [`         ${named}`] : []),
    ...(withTitles ? titles : []),
  ];
  return [line, ...details].join("\n");
}

function main(args: readonly string[]): number {
  const files = args.filter((arg) => !arg.startsWith("--"));
  const document = readFileSync(CLAIMS, "utf8");
  const reports = files.map((file) => JSON.parse(readFileSync(file, "utf8")) as Report);
  const rows = rowsOf(document, reports);
  for (const row of rows) process.stdout.write(`${show(row, args.includes("--titles"))}\n`);
  const open = rows.filter(({ result }) => result !== "holds");
  const strangers = strangersOf(document, reports);
  if (strangers.length > 0) process.stdout.write(`not promised: ${strangers.join(", ")}\n`);
  process.stdout.write(`${rows.length - open.length} of ${rows.length} rows hold\n`);
  for (const { id, result } of open) process.stderr.write(`${id} ${result}\n`);
  return open.length > 0 ? 1 : 0;
}

if (import.meta.main) process.exitCode = main(process.argv.slice(2));

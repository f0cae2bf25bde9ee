import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import Type, { type TObject } from "typebox";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Catalogue, EVENTS, schemaDocuments } from "../src/index.ts";
import { check, write } from "../tools/released.ts";

const PACKAGE = resolve(import.meta.dirname, "..");
const SENT = "schemas/events/TransferSent.v1.json";

test("the schemas of the code hold everything that was released, in files and in commits", () => {
  expect(check(schemaDocuments(), PACKAGE)).toEqual([]);
});

describe("a change that is planted", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "countinghouse-contracts-"));
    for (const part of ["schemas", "fixtures"]) {
      cpSync(join(PACKAGE, part), join(folder, part), { recursive: true });
    }
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const [sent] = EVENTS.TransferSent.versions;
  const changed = (change: Record<string, unknown>) => {
    return catalogueWith([
      Type.Object({ ...sent.properties, ...change } as typeof sent.properties),
    ]);
  };
  const { reference: _, ...withoutReference } = sent.properties;
  const PLANTED: [what: string, catalogue: () => Catalogue, sentence: string][] = [
    [
      "a removed field",
      () => catalogueWith([Type.Object(withoutReference)]),
      "/reference: the field was removed",
    ],
    [
      "a narrowed type",
      () => changed({ reference: Type.Optional(Type.String({ maxLength: 10 })) }),
      "/reference: maxLength was not given and is 10",
    ],
    [
      "a new required field",
      () => changed({ channel: Type.String() }),
      "/channel: a field is required that was not",
    ],
    [
      "a changed constant",
      () => changed({ direction: Type.Literal("credit") }),
      '/direction: const was "debit" and is "credit"',
    ],
  ];

  test.each(PLANTED)("%s is refused, and is not written", (_, catalogue, sentence) => {
    const before = readFileSync(join(folder, SENT), "utf8");
    const documents = schemaDocuments(catalogue());
    const problem = `events/TransferSent.v1.json ${sentence}`;
    expect(check(documents, folder)).toContain(problem);
    expect(write(documents, folder)).toContain(problem);
    expect(readFileSync(join(folder, SENT), "utf8")).toBe(before);
  });

  test("a narrowed enumeration is refused", () => {
    const [opened] = EVENTS.AccountOpened.versions;
    const accountType = Type.Enum(["checking"]);
    const versions = [Type.Object({ ...opened.properties, accountType })] as const;
    const catalogue = { ...EVENTS, AccountOpened: { ...EVENTS.AccountOpened, versions } };
    expect(check(schemaDocuments(catalogue), folder)).toContain(
      'events/AccountOpened.v1.json /accountType: the value "savings" was removed',
    );
  });

  test("an optional field is taken once it is written", () => {
    const documents = schemaDocuments(changed({ channel: Type.Optional(Type.String()) }));
    const stale = "events/TransferSent.v1.json is not as the code has it: npm run contracts write";
    expect(check(documents, folder)).toEqual([stale]);
    expect(write(documents, folder)).toEqual([]);
    expect(check(documents, folder)).toEqual([]);
  });

  test("a type that is no longer in the catalogue is refused", () => {
    const { TransferSent: _, ...rest } = EVENTS;
    expect(check(schemaDocuments(rest), folder)).toEqual([
      "events/TransferSent.v1.json was released, and the catalogue does not have it",
    ]);
  });

  test("a version without a golden fixture is refused", () => {
    const documents = schemaDocuments(catalogueWith([sent, sent]));
    write(documents, folder);
    expect(check(documents, folder)).toEqual([
      "fixtures/events/TransferSent.v2.ndjson is missing: a line of the log with such an event",
    ]);
  });

  test("files that were changed along with the code do not hide it: the commits tell", () => {
    const git = (...args: string[]) => {
      const who = ["-c", "user.name=x", "-c", "user.email=x@example.com"];
      execFileSync("git", [...who, ...args], { cwd: folder, stdio: "ignore" });
    };
    git("init");
    git("add", ".");
    git("commit", "-m", "released");
    const documents = schemaDocuments(changed({ channel: Type.String() }));
    rmSync(join(folder, SENT));
    expect(write(documents, folder)).toEqual([]);
    writeFileSync(join(folder, "fixtures/events/TransferSent.v1.ndjson"), "");
    git("add", ".");
    git("commit", "-m", "a change that nobody saw");
    expect(check(documents, folder)).toEqual([
      expect.stringMatching(
        /^fixtures\/events\/TransferSent.v1.ndjson lacks a line as of [0-9a-f]+$/,
      ),
      expect.stringMatching(/^events\/TransferSent.v1.json as of [0-9a-f]+ \/channel: a field is/),
    ]);
    const parent = execFileSync("git", ["rev-parse", "HEAD^"], { cwd: folder, encoding: "utf8" });
    const withdrawn = {
      [SENT]: parent.trim(),
      "fixtures/events/TransferSent.v1.ndjson": parent.trim(),
    };
    writeFileSync(join(folder, "withdrawn.json"), JSON.stringify(withdrawn));
    expect(check(documents, folder)).toEqual([]);
  });

  test("the script that CI runs ends with 1 and says why", () => {
    const file = join(folder, SENT);
    const text = readFileSync(file, "utf8").replace('"toAccountId",', '"toAccountId", "channel",');
    writeFileSync(file, text);
    const args = [join(PACKAGE, "tools/contracts.ts"), "check", "--folder", folder];
    const run = spawnSync(process.execPath, args, { encoding: "utf8" });
    expect(run.status).toBe(1);
    expect(run.stderr).toContain("/channel: the field was required and no longer is");
  });
});

function catalogueWith(versions: readonly [TObject, ...TObject[]]): Catalogue {
  return { ...EVENTS, TransferSent: { ...EVENTS.TransferSent, versions } };
}

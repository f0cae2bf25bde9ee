import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ROOT, sources } from "../src/sources.ts";

const code = sources(".ts", ".mjs").filter(({ path }) => !path.startsWith("packages/tidy/"));
const docs = sources(".md").filter(({ path }) => path !== "CHANGELOG.md");

const FORBIDDEN = [
  { what: "a TODO without an issue", pattern: /(?<!")\b(TODO|FIXME|XXX)\b(?! ?\(#\d+\))/ },
  { what: "a silenced type", pattern: /@ts-(ignore|expect-error|nocheck)|\bas any\b/ },
  { what: "a test left out or alone", pattern: /\b(test|it|describe)\.(only|todo)\(/ },
  {
    what: "a default export",
    pattern: /^export default/,
    except: ["vitest.config.ts", "vitest.long.ts"],
  },
  { what: "an enum", pattern: /^\s*(export )?(const )?enum / },
];

for (const { what, pattern, except = [] } of FORBIDDEN) {
  test(`no file has ${what}`, () => {
    const wrong = code
      .filter(({ path }) => !except.includes(path))
      .flatMap(({ path, lines }) => {
        return lines.flatMap((line, i) => (pattern.test(line) ? [`${path}:${i + 1}`] : []));
      });
    expect(wrong).toEqual([]);
  });
}

test("every npm script that the docs name exists", () => {
  const { scripts } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
  const named = docs.flatMap(({ path, text }) => {
    const runs = [...text.matchAll(/\bnpm run (?:-s |--silent )?([\w:-]+)/g)];
    return runs.map(([, script]) => ({ path, script: script ?? "" }));
  });
  expect(named.filter(({ script }) => scripts[script] === undefined)).toEqual([]);
});

test("every setting that the docs name is read somewhere", () => {
  const settings = new Set(
    code.flatMap(({ text }) => [...text.matchAll(/\b[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+\b/g)].flat()),
  );
  for (const name of ["HOST", "PORT", "ENVIRONMENT", "ALGORITHM"]) settings.add(name);
  const named = docs.flatMap(({ path, text }) => {
    return [...text.matchAll(/`([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)`/g)].map(([, name]) => {
      return { path, name: name ?? "" };
    });
  });
  const isKnown = (name: string) => settings.has(name) || settings.has(name.replace(/_FILE$/, ""));
  expect(named.filter(({ name }) => !isKnown(name))).toEqual([]);
});

test("every file that the docs link to exists", () => {
  const known = new Set(sources("").map(({ path }) => path));
  const folders = new Set([...known].flatMap((path) => parents(path)));
  const wrong = docs.flatMap(({ path, text }) => {
    const links = [...text.matchAll(/\]\(([^)#:\s]+)(?:#[^)]*)?\)/g)].map(([, link]) => link ?? "");
    return links
      .map((link) => join(path, "..", link).replace(/\/$/, ""))
      .filter((target) => !known.has(target) && !folders.has(target))
      .map((target) => `${path}: ${target}`);
  });
  expect(wrong).toEqual([]);
});

function parents(path: string): string[] {
  const steps = path.split("/");
  return steps.slice(1).map((_, i) => steps.slice(0, i + 1).join("/"));
}

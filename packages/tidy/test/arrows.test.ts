import { describe, expect, test } from "vitest";
import { importsOf, sources } from "../src/sources.ts";

/** What each package may import of the others; tests may use `testing` as well. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  domain: [],
  contracts: [],
  "service-kit": ["contracts"],
  "event-store": ["contracts", "service-kit"],
  bus: ["contracts"],
  client: ["bus", "contracts"],
  transparency: [],
  verifier: ["contracts", "domain", "transparency"],
  cli: ["contracts", "domain", "event-store", "service-kit", "transparency", "verifier"],
  testing: ["cli", "contracts", "domain", "service-kit"],
  chaos: ["cli", "contracts", "testing"],
  tidy: [],
};
const FOR_SERVICES = [
  ...["domain", "contracts", "event-store", "bus", "service-kit", "transparency", "verifier"],
];
const FOR_TESTS = [...FOR_SERVICES, "testing", "cli"];

const code = sources(".ts").filter(({ path }) => /^(packages|services)\/[^/]+\/src\//.test(path));
const tests = sources(".ts").filter(({ path }) => /^(packages|services)\/[^/]+\/test\//.test(path));

function placeOf(path: string): { kind: string; name: string } {
  const [kind = "", name = ""] = path.split("/");
  return { kind, name };
}

function foreign(name: string): string | undefined {
  return /^@countinghouse\/([\w-]+)/.exec(name)?.[1];
}

describe("arrows go one way", () => {
  test("there is code to look at", () => {
    expect(code.length).toBeGreaterThan(50);
    expect(code.flatMap(importsOf).length).toBeGreaterThan(100);
  });

  test("a package imports only what it may", () => {
    const wrong = code.flatMap((source) => {
      const { kind, name } = placeOf(source.path);
      const allowed = kind === "services" ? FOR_SERVICES : (ALLOWED[name] ?? []);
      return importsOf(source)
        .map((imported) => foreign(imported))
        .filter((imported) => imported !== undefined && !allowed.includes(imported))
        .map((imported) => `${source.path} imports ${imported}`);
    });
    expect(wrong).toEqual([]);
  });

  test("a test imports nothing of a service but its own", () => {
    const wrong = tests.flatMap((source) => {
      const allowed = [...FOR_TESTS, placeOf(source.path).name];
      return importsOf(source)
        .map((imported) => foreign(imported))
        .filter((imported) => imported !== undefined && !allowed.includes(imported))
        .map((imported) => `${source.path} imports ${imported}`);
    });
    expect(wrong).toEqual([]);
  });

  test("an example is what an outsider writes: it has the client and nothing else of ours", () => {
    const examples = sources(".ts").filter(({ path }) => path.startsWith("examples/"));
    expect(examples.length).toBeGreaterThan(0);
    const ours = examples.flatMap((source) => {
      return importsOf(source).filter((name) => name.startsWith(".") || foreign(name));
    });
    expect(new Set(ours)).toEqual(new Set(["@countinghouse/client"]));
  });

  test("no relative import leaves its package", () => {
    const wrong = [...code, ...tests].flatMap((source) => {
      const depth = source.path.split("/").length - 3;
      return importsOf(source)
        .filter((imported) => imported.startsWith("."))
        .filter((imported) => (imported.match(/\.\.\//g) ?? []).length > depth)
        .map((imported) => `${source.path} imports ${imported}`);
    });
    expect(wrong).toEqual([]);
  });

  test("the domain imports nothing but itself", () => {
    const domain = code.filter(({ path }) => path.startsWith("packages/domain/"));
    expect(domain.length).toBeGreaterThan(3);
    const wrong = domain.flatMap((source) => importsOf(source).filter((name) => name[0] !== "."));
    expect(wrong).toEqual([]);
  });
});

const IMPURE = [
  /\bDate\b/,
  /\bMath\.random\b/,
  /\bprocess\b/,
  /\bconsole\b/,
  /\bfetch\(/,
  /\basync\b/,
  /\bawait\b/,
  /\bcrypto\b/,
  /\bset(Timeout|Interval)\b/,
];

test("the domain has no clock, no randomness, no effects", () => {
  const domain = code.filter(({ path }) => path.startsWith("packages/domain/src/"));
  const wrong = domain.flatMap(({ path, lines }) => {
    const numbered = lines.map((line, i) => ({ line, at: `${path}:${i + 1}` }));
    return numbered
      .filter(({ line }) => !/^\s*(\/\/|\/?\*)/.test(line))
      .filter(({ line }) => IMPURE.some((pattern) => pattern.test(line)))
      .map(({ line, at }) => `${at}: ${line.trim()}`);
  });
  expect(wrong).toEqual([]);
});

test("every service and package entry is a main.ts or an index.ts", () => {
  const services = new Set(
    code.filter(({ path }) => path.startsWith("services/")).map(({ path }) => path.split("/")[1]),
  );
  for (const name of services) {
    expect(code.some(({ path }) => path === `services/${name}/src/main.ts`)).toBe(true);
  }
});

import { mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { freePorts } from "@countinghouse/cli";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import {
  begin,
  cleanUp,
  descendantsOf,
  expectNothingLeft,
  kill,
  newFolder,
  processesOf,
  type Start,
  works,
} from "./support/start.ts";

/** Several starts and ends in one test, on a machine that does other things as well. */
const TIMEOUT_MS = 90_000;
const SERVICES = ["auth", "relay", "command", "query", "audit", "gateway"];

/** Makes something of a folder, and the settings to start it with. */
type Fault = (folder: string) => Record<string, string>;

const FAULTS: [what: string, fault: Fault, sentence: RegExp][] = [
  ["a folder below a file", fileAbove, /^The data folder \S+ cannot be used: .+\.$/],
  ["a folder below /proc", () => at("/proc/none/x"), /^The data folder \S+ cannot be used: .+\.$/],
  ["a cluster of junk", junkCluster, /^The data folder is broken: .+$/],
  ["a cluster of another version", oldCluster, /is of PostgreSQL 15; this release runs 18\.$/],
  ["[S71] a SQLite URL", () => ({ DATABASE_URL: "sqlite:///bank.db" }), /SQLite.+PostgreSQL/],
  ["no database server", nobody, /^PostgreSQL at 127\.0\.0\.1:1 cannot be reached: .+$/],
  [
    "[S6] [S70] a short secret",
    () => ({ SECRET_KEY: "short" }),
    /^countinghouse cannot start: SECRET_KEY .*32 characters/,
  ],
  [
    "[S70] [S73a] no secret in production",
    () => ({ ENVIRONMENT: "production" }),
    /^SECRET_KEY is not set/,
  ],
  [
    "[S22] a secret file that is not there",
    () => ({ SECRET_KEY_FILE: "/none" }),
    /SECRET_KEY_FILE/,
  ],
];

function at(folder: string): Record<string, string> {
  return { COUNTINGHOUSE_DATA: folder };
}

function fileAbove(folder: string): Record<string, string> {
  writeFileSync(join(folder, "file"), "");
  return at(join(folder, "file", "data"));
}

function junkCluster(folder: string): Record<string, string> {
  mkdirSync(join(folder, "postgres"));
  writeFileSync(join(folder, "postgres", "junk"), "junk");
  return {};
}

function oldCluster(folder: string): Record<string, string> {
  mkdirSync(join(folder, "postgres", "global"), { recursive: true });
  writeFileSync(join(folder, "postgres", "PG_VERSION"), "15\n");
  writeFileSync(join(folder, "postgres", "global", "pg_control"), "");
  return {};
}

function nobody(): Record<string, string> {
  return { DATABASE_URL: "postgres://a:b@127.0.0.1:1/c" };
}

describe("a start that cannot be", () => {
  afterEach(cleanUp);

  test.each(FAULTS)("%s ends the start with one sentence", async (_, fault, sentence) => {
    const folder = newFolder();
    const start = begin(folder, { env: fault(folder) });
    expect(await start.ended()).toBe(1);
    expect(start.output().trim()).toMatch(sentence);
    expect(start.output().trim().split("\n")).toHaveLength(1);
    await expectNothingLeft(folder);
  });

  test("on a busy port names the port", async () => {
    const server = createServer().listen(0, "127.0.0.1");
    await new Promise((listening) => server.once("listening", listening));
    const { port } = server.address() as { port: number };
    const start = begin(newFolder(), { env: { PORT: String(port) } });
    expect(await start.ended()).toBe(1);
    expect(start.output()).toBe(`Port ${port} of 127.0.0.1 is in use; set PORT to another one.\n`);
    await expectNothingLeft(start.folder);
    server.close();
  });
});

describe("a system in one process", { timeout: TIMEOUT_MS }, () => {
  afterEach(cleanUp);

  test("keeps its folder to itself, leaves others theirs, and ends by Ctrl-C", async () => {
    const [one, other] = [begin(newFolder()), begin(newFolder())];
    for (const url of await Promise.all([one.ready(), other.ready()])) await expectReady(url);
    expect(statSync(join(one.folder, "secret-key")).mode & 0o777).toBe(0o600);
    const second = begin(one.folder);
    expect(await second.ended()).toBe(1);
    expect(second.output()).toMatch(/^A system is running already with \S+ \(process \d+\)\.\n$/);
    kill(-one.pid, "SIGINT");
    kill(-one.pid, "SIGINT");
    expect(await one.ended()).toBe(0);
    await expectNothingLeft(one.folder);
    await expectReady(await other.ready());
    kill(-other.pid, "SIGINT");
    await expectNothingLeft(other.folder);
  });

  test("ends with npm, when npm alone is told to end", async () => {
    const npm = begin(newFolder(), { by: ["npm", "--silent", "start"] });
    await npm.ready();
    const pids = descendantsOf(npm.pid);
    kill(npm.pid, "SIGTERM");
    await expectNothingLeft(npm.folder, pids);
  });

  test("ends by a Ctrl-C at any moment of its start, and starts again", async () => {
    const folder = newFolder();
    for (const waitMs of [300, 700, 1_100]) {
      const start = begin(folder);
      await new Promise((done) => setTimeout(done, waitMs));
      kill(-start.pid, "SIGINT");
      await start.ended();
      expect(start.output()).not.toMatch(/^\s+at /m);
      await expectNothingLeft(folder);
    }
    await endedByCtrlC(begin(folder));
    const again = begin(folder);
    await again.ready();
    kill(-again.pid, "SIGINT");
    await expectNothingLeft(folder);
  });

  test("whose Node alone was killed finds its data and ends the PostgreSQL left over", async () => {
    const killed = begin(newFolder());
    await killed.ready();
    const secret = readFileSync(join(killed.folder, "secret-key"), "utf8");
    kill(-killed.pid);
    await killed.ended();
    const orphans = processesOf(killed.folder).filter(works);
    expect(orphans).not.toEqual([]);
    const again = begin(killed.folder);
    await expectReady(await again.ready());
    expect(orphans.filter(works)).toEqual([]);
    expect(readFileSync(join(killed.folder, "secret-key"), "utf8")).toBe(secret);
    kill(-again.pid, "SIGINT");
    await expectNothingLeft(again.folder);
  });
});

async function endedByCtrlC(start: Start): Promise<void> {
  await start.ready();
  kill(-start.pid, "SIGINT");
  await start.ended();
  await expectNothingLeft(start.folder);
}

describe("a system of processes", { timeout: TIMEOUT_MS }, () => {
  let start: Start;
  beforeAll(async () => {
    const [port] = await freePorts(1);
    start = begin(newFolder(), { args: ["--processes"], env: { PORT: String(port) } });
    await start.ready();
  });
  afterAll(cleanUp);

  test("[S74b] gives the secret to no service, and no key to two", () => {
    const secret = readFileSync(join(start.folder, "secret-key"), "utf8");
    const pids = servicesOf(start.pid);
    const envs = SERVICES.map((name) => readFileSync(`/proc/${pids.get(name)}/environ`, "utf8"));
    expect(SERVICES.filter((_, i) => envs[i]?.includes(secret))).toEqual([]);
    const keys = envs.flatMap((env) => {
      return env.split("\0").filter((pair) => /^(INNER_PRIVATE_KEY|\w*DATABASE_URL)=/.test(pair));
    });
    expect(keys.length).toBeGreaterThan(SERVICES.length);
    expect(new Set(keys).size).toBe(keys.length);
  });

  test("brings a killed service back, on its URL, and says so", async () => {
    kill(servicesOf(start.pid).get("gateway") ?? 0);
    await expect.poll(start.output).toMatch(/gateway ended \(SIGKILL\); it starts again in \d+ ms/);
    await expectReady(await start.ready());
  });

  test("brings its database back when that is killed, and says so", async () => {
    const file = join(start.folder, "postgres", "postmaster.pid");
    kill(Number(readFileSync(file, "utf8").split("\n")[0]));
    await expect.poll(start.output).toMatch(/PostgreSQL ended \(SIGKILL\); it starts again/);
    await expectReady(await start.ready());
  });

  test("ends its services even when it is killed itself", async () => {
    const pids = [...servicesOf(start.pid).values()];
    expect(pids).toHaveLength(SERVICES.length);
    kill(-start.pid);
    await expect.poll(() => pids.filter(works), { timeout: 10_000 }).toEqual([]);
  });
});

async function expectReady(url: string): Promise<void> {
  const status = () =>
    fetch(`${url}/readyz`).then(
      (answer) => answer.status,
      () => 0,
    );
  await expect.poll(status, { timeout: 15_000 }).toBe(200);
}

/** The processes of the services below a start, by name. */
function servicesOf(pid: number): Map<string, number> {
  const found = descendantsOf(pid).flatMap((child): [string, number][] => {
    const command = readFileSync(`/proc/${child}/cmdline`, "utf8");
    const [, name] = /services\/(\w+)\/src\/main\.ts/.exec(command) ?? [];
    return name === undefined ? [] : [[name, child]];
  });
  return new Map(found);
}

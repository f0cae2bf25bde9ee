import { execFile } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { TEST_SECRET } from "@countinghouse/testing";
import pg from "pg";
import { afterAll, afterEach, beforeAll, describe, expect, inject, test } from "vitest";
import { openBank, type RunningBank } from "./support/running-bank.ts";

const MAIN = resolve(import.meta.dirname, "../packages/cli/src/main.ts");
const SHORT = ["--seconds=1", "--rounds=1", "--accounts=128"];
const TIMEOUT_MS = 120_000;

function bench(args: string[], env: NodeJS.ProcessEnv): Promise<{ stdout: string }> {
  return promisify(execFile)(process.execPath, [MAIN, "bench", ...args], { env });
}

let folder: string;
let said: string;
let report: {
  rows: { name: string; perSecond: number; statuses?: Record<string, number> }[];
  ratios: { name: string; value: number }[];
  invariants: { rule: string; holds: boolean }[];
};

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "countinghouse-bench-"));
  const json = join(folder, "report.json");
  const env = {
    PATH: process.env.PATH,
    COUNTINGHOUSE_DATA: join(folder, "data"),
    DATABASE_URL: inject("postgresUrl"),
    SECRET_KEY: TEST_SECRET,
  };
  const few = ["--only=1 client", "--history=5000"];
  const { stdout } = await bench([...SHORT, ...few, "--json", json], env);
  said = stdout;
  report = JSON.parse(readFileSync(json, "utf8"));
}, TIMEOUT_MS);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("a benchmark answers every request with success and prints a table", () => {
  const names = report.rows.map(({ name }) => name);
  expect(names).toEqual([
    ...["floor, 1 client", "direct, 1 client", "gateway, 1 client"],
    "direct, 64 clients, long history",
  ]);
  for (const { name, perSecond, statuses } of report.rows) {
    expect(perSecond).toBeGreaterThan(0);
    expect(Object.keys(statuses ?? {})).toEqual(["201"]);
    expect(said).toContain(name);
  }
});

test("a benchmark checks the log afterwards", () => {
  expect(report.invariants.map(({ holds }) => holds)).toEqual([true, true, true, true, true]);
  expect(said).toContain("✔ every acknowledged transfer is in the log once");
});

test("a benchmark leaves nothing behind but the secret of the data folder", async () => {
  expect(readdirSync(join(folder, "data")).filter((name) => name.startsWith("bench"))).toEqual([]);
  const admin = new pg.Client({ connectionString: inject("postgresUrl") });
  await admin.connect();
  const { rows } = await admin.query("SELECT datname FROM pg_database WHERE datname ~ $1", [
    "^countinghouse_(yardstick|ceiling|.*_bench_)",
  ]);
  await admin.end();
  expect(rows).toEqual([]);
});

test("[S41] logins are measured, and transfers beside them", { timeout: TIMEOUT_MS }, async () => {
  const json = join(folder, "logins.json");
  const env = { PATH: process.env.PATH, COUNTINGHOUSE_DATA: join(folder, "data-of-logins") };
  const args = ["bench", "--logins", "--seconds=1", "--arrivals=10", "--json", json];
  await promisify(execFile)(process.execPath, [MAIN, ...args], { env });
  const { perSecond, transfers } = JSON.parse(readFileSync(json, "utf8"));
  expect(perSecond).toBeGreaterThan(0);
  expect(transfers).toHaveLength(2);
  for (const { alone, besideLogins, statuses } of transfers) {
    expect(Object.keys(alone.statuses)).toEqual(["201"]);
    expect(Object.keys(besideLogins.statuses)).toEqual(["201"]);
    // What a login was answered depends on how busy the machine is, not that it was.
    expect(Object.keys(statuses).filter((status) => !/^(200|429|503)$/.test(status))).toEqual([]);
  }
});

describe("of a bank that runs, a benchmark", () => {
  let bank: RunningBank;
  afterEach(() => bank.close(), TIMEOUT_MS);

  test(
    "uses its doors, and leaves what it made in its log",
    async () => {
      bank = await openBank();
      const args = ["--running", "--only=direct, 1 client", ...SHORT];
      const { stdout } = await bench(args, bank.env);
      expect(stdout).toContain("✔ every acknowledged transfer is in the log once");
    },
    TIMEOUT_MS,
  );

  test(
    "says what to do where requests are limited",
    async () => {
      bank = await openBank([], { RATE_LIMIT_REGISTER: "20" });
      const refused = await bench(["--running", ...SHORT], bank.env).catch((error) => error);
      expect(refused).toMatchObject({ code: 1 });
      expect(refused.stderr).toContain("start it with RATE_LIMIT_ADDRESS=0");
    },
    TIMEOUT_MS,
  );
});

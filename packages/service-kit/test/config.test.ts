import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Type from "typebox";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ConfigError, Key, loadConfig, PostgresUrl } from "../src/config.ts";

const schema = Type.Object({
  PORT: Type.Integer({ minimum: 0, maximum: 65_535, default: 8080 }),
  DATABASE_URL: PostgresUrl,
  TOKEN_KEY: Key,
});
const KEY = "k".repeat(43);
const DATABASE_URL = "postgres://someone@somewhere/something";

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "config-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

test("settings are converted, missing ones have their default", () => {
  const config = loadConfig("test", schema, { DATABASE_URL, TOKEN_KEY: KEY });
  expect(config).toEqual({ PORT: 8080, DATABASE_URL, TOKEN_KEY: KEY });
  expect(loadConfig("test", schema, { PORT: "1", DATABASE_URL, TOKEN_KEY: KEY }).PORT).toBe(1);
});

test("[S22] a secret may come from a file instead", () => {
  const file = join(folder, "key");
  writeFileSync(file, `${KEY}\n`);
  const config = loadConfig("test", schema, { DATABASE_URL, TOKEN_KEY_FILE: file });
  expect(config.TOKEN_KEY).toBe(KEY);
});

test("[S24] every problem is named at once, and no value is shown", () => {
  const secret = "not-a-key-but-secret";
  const failure = failureOf({ PORT: "eighty", TOKEN_KEY: secret });
  expect(failure.problems).toHaveLength(3);
  for (const name of ["PORT", "DATABASE_URL", "TOKEN_KEY"]) expect(failure.message).toContain(name);
  expect(failure.message).not.toContain(secret);
  expect(failure.message).not.toContain("eighty");
});

test("a file that cannot be read is named by its setting", () => {
  const failure = failureOf({ DATABASE_URL, TOKEN_KEY_FILE: join(folder, "absent") });
  expect(failure.message).toContain("TOKEN_KEY_FILE names a file that cannot be read");
});

test("a secret given twice is a problem", () => {
  const env = { DATABASE_URL, TOKEN_KEY: KEY, TOKEN_KEY_FILE: join(folder, "key") };
  expect(failureOf(env).message).toContain("both set");
});

test.each(["-1", "65536", "1.5", "0x10", "eighty"])("[S70] PORT=%s is refused", (PORT) => {
  expect(failureOf({ PORT, DATABASE_URL, TOKEN_KEY: KEY }).message).toContain("PORT");
});

function failureOf(env: Record<string, string>): ConfigError {
  try {
    loadConfig("test", schema, env);
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
  throw new Error("the settings were taken");
}

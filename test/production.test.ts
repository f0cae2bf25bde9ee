import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { productionFaults } from "@countinghouse/cli";
import { newCertificate } from "@countinghouse/testing";
import { afterAll, beforeAll, expect, inject, test } from "vitest";

const ROOT = resolve(import.meta.dirname, "..");
const CLI = join(ROOT, "packages/cli/src/main.ts");
const folder = mkdtempSync(join(tmpdir(), "countinghouse-production-"));
const secret = randomBytes(48).toString("base64url");

type Env = Record<string, string>;

/** All that production asks for. */
let fit: Env;
beforeAll(async () => {
  const { certFile, keyFile } = await newCertificate(folder);
  chmodSync(keyFile, 0o600);
  fit = {
    ENVIRONMENT: "production",
    SECRET_KEY: secret,
    DATABASE_URL: inject("postgresUrl"),
    TLS_CERT_FILE: certFile,
    TLS_KEY_FILE: keyFile,
    AUDIT_ORIGIN: "log.bank.example",
  };
});
afterAll(() => rmSync(folder, { recursive: true }));

test("[S73h] what production asks for is found fit", async () => {
  expect(await productionFaults(fit)).toEqual([]);
});

const key = (byte: number) => Buffer.alloc(32, byte).toString("base64url");
// In parts, so that whoever looks for secrets finds none here.
const FAR = `${"postgres"}://bank:${key(9)}@db.bank.example:5432/postgres`;

const WITH_NAME = {
  ...{ KAFKA_BROKERS: "127.0.0.1:9092", TOPIC_REPLICATION: "3" },
  ...{ KAFKA_SASL_MECHANISM: "plain", KAFKA_USERNAME: "bank" },
};

/** Settings that start nothing in production, and the reason that is named. */
const UNFIT: readonly (readonly [row: string, change: Env, fault: RegExp])[] = [
  ["S6", { SECRET_KEY: "short" }, /^SECRET_KEY must/],
  ["S6", { SECRET_KEY: "a".repeat(64) }, /^SECRET_KEY is a sample or a pattern/],
  ["S6", { SECRET_KEY: "correct-horse-".repeat(4) }, /^SECRET_KEY is a sample or a pattern/],
  ["S6", { SECRET_KEY: "01".repeat(32) }, /^SECRET_KEY is a sample or a pattern/],
  [
    "S70",
    { SECRET_KEY: "your-very-secure-secret-key-here-change-in-production" },
    /^SECRET_KEY is a sample or a pattern/,
  ],
  ["S73a", { SECRET_KEY: "" }, /^SECRET_KEY is not set/],
  ["S70", { SECRET_KEY_PREVIOUS: "changeme".repeat(8) }, /^SECRET_KEY_PREVIOUS is a sample/],
  ["S74b", { SECRET_KEY_PREVIOUS: secret }, /^SECRET_KEY and SECRET_KEY_PREVIOUS are the same/],
  ["S70", { ALGORITHM: "none" }, /^ALGORITHM must/],
  ["S70", { ALGORITHM: "RS256" }, /^ALGORITHM must/],
  ["S70", { ACCESS_TOKEN_EXPIRE_MINUTES: "0" }, /^ACCESS_TOKEN_EXPIRE_MINUTES must/],
  ["S70", { ACCESS_TOKEN_EXPIRE_MINUTES: "100000" }, /^ACCESS_TOKEN_EXPIRE_MINUTES must/],
  ["S71", { DATABASE_URL: "sqlite:///./bank.db" }, /^DATABASE_URL names SQLite/],
  ["S71", { DATABASE_URL: "mysql://a:b@127.0.0.1/c" }, /^DATABASE_URL must begin/],
  ["S72", { DEBUG: "true" }, /^DEBUG must not be on/],
  ["S72", { DEBUG: "1" }, /^DEBUG must not be on/],
  ["S73f", { RATE_LIMIT_ADDRESS: "0" }, /^RATE_LIMIT_ADDRESS must not be 0/],
  ["S73f", { RATE_LIMIT_USER: "0" }, /^RATE_LIMIT_USER must not be 0/],
  ["S73f", { RATE_LIMIT_REGISTER: "0" }, /^RATE_LIMIT_REGISTER must not be 0/],
  ["S73f", { RATE_LIMIT_LOGIN: "0" }, /^RATE_LIMIT_LOGIN must not be 0/],
  ["S83", { LOGIN_FAILURES_ACCOUNT: "0" }, /^LOGIN_FAILURES_ACCOUNT must not be 0/],
  ["S83", { LOGIN_FAILURES_GLOBAL: "0" }, /^LOGIN_FAILURES_GLOBAL must not be 0/],
  ["S11", { PASSWORD_MIN_LENGTH: "7" }, /^PASSWORD_MIN_LENGTH must/],
  ["S10", { PASSWORD_MEMORY_KIB: "1024" }, /^PASSWORD_MEMORY_KIB must/],
  ["S73c", { TLS_CERT_FILE: "", TLS_KEY_FILE: "" }, /^TLS_CERT_FILE and TLS_KEY_FILE must be set/],
  ["S73c", { TLS_KEY_FILE: "" }, /^TLS_CERT_FILE and TLS_KEY_FILE must be set together/],
  ["S19", { DATABASE_URL: FAR }, /^DATABASE_URL must have sslmode=verify-full/],
  ["S19", { DATABASE_URL: `${FAR}?sslmode=require` }, /^DATABASE_URL must have sslmode=verify-/],
  [
    "S23",
    { DATABASE_URL: "postgres://postgres:postgres@db.bank.example/x?sslmode=verify-full" },
    /^DATABASE_URL has no password, or a common one/,
  ],
  ["S24", { LOG_LEVEL: "trace" }, /^LOG_LEVEL must be/],
  ["S24", { LOG_LEVEL: "silent" }, /^LOG_LEVEL must be/],
  ["S24", { NODE_TLS_REJECT_UNAUTHORIZED: "0" }, /^NODE_TLS_REJECT_UNAUTHORIZED must not be 0/],
  ["S24", { NODE_OPTIONS: "--inspect=0.0.0.0:9229" }, /^NODE_OPTIONS must not open/],
  ["S24", { AUDIT_ORIGIN: "" }, /^AUDIT_ORIGIN must be a name of yours/],
  ["S31", { CORS_ORIGINS: "http://shop.example" }, /^CORS_ORIGINS must be https/],
  ["S31", { CORS_ORIGINS: "*" }, /^CORS_ORIGINS must list origins/],
  ["S24", { TRUSTED_PROXIES: "0.0.0.0/0" }, /^TRUSTED_PROXIES must list/],
  ["S24", { REDIS_URL: "redis://cache.bank.example" }, /^REDIS_URL must begin with rediss/],
  ["S1", { KAFKA_BROKERS: "kafka.bank.example:9092" }, /^KAFKA_TLS must be true, for KAFKA_BROK/],
  ["S24", { KAFKA_CA: "-----BEGIN CERTIFICATE-----" }, /^KAFKA_TLS must be true where KAFKA_CA/],
  ["S24", { KAFKA_CERT: "a", KAFKA_TLS: "true" }, /^KAFKA_CERT and KAFKA_KEY must both be set/],
  ["S24", { KAFKA_USERNAME: "bank" }, /^KAFKA_SASL_MECHANISM, KAFKA_USERNAME and KAFKA_PASSWORD/],
  ["S24", { KAFKA_SASL_MECHANISM: "md5" }, /^KAFKA_SASL_MECHANISM must/],
  ["S23", { ...WITH_NAME, KAFKA_PASSWORD: "changeme" }, /^KAFKA_PASSWORD is a common one/],
];

test.each(UNFIT)("[%s] in production %o is refused by name", async (_, change, fault) => {
  const faults = await productionFaults({ ...fit, ...change });
  expect(faults.filter((one) => fault.test(one))).toHaveLength(1);
  const value = Object.values(change)[0] ?? "";
  if (value.length > 12) expect(faults.join()).not.toContain(value);
});

/** What starts all the same, but should not stay so. */
const UNWISE: readonly (readonly [row: string, change: Env, fault: RegExp])[] = [
  ["S24", { ENVIRONMENT: "" }, /^ENVIRONMENT is not production$/],
  ["S24", { ENVIRONMENT: "development" }, /^ENVIRONMENT is not production$/],
  ["S73d", { DATABASE_URL: "" }, /^DATABASE_URL is not set/],
  ["S73d", { DATABASE_URL: "postgres://a:b@127.0.0.1:1/c" }, /^PostgreSQL cannot be asked/],
  ["S73e", { KAFKA_BROKERS: "127.0.0.1:9092" }, /^TOPIC_REPLICATION is less than 3/],
];

test.each(UNWISE)("[%s] the doctor finds fault with %o", async (_, change, fault) => {
  expect((await productionFaults({ ...fit, ...change })).join("\n")).toMatch(fault);
});

test("[S22] a secret from a file that others may read is found", async () => {
  const file = join(folder, "secret");
  const { SECRET_KEY, ...rest } = fit;
  writeFileSync(file, `${SECRET_KEY}\n`, { mode: 0o600 });
  const env = { ...rest, SECRET_KEY_FILE: file };
  expect(await productionFaults(env)).toEqual([]);
  chmodSync(file, 0o644);
  expect(await productionFaults(env)).toEqual([
    "SECRET_KEY_FILE may be read by others on this machine",
  ]);
});

test("[S74b] one key for two purposes starts no service", async () => {
  const { PATH = "" } = process.env;
  const entry = join(ROOT, "services/command/src/main.ts");
  const env = {
    ...{ PATH, ENVIRONMENT: "test", INNER_PUBLIC_KEYS: "{}", AUTH_URL: "http://127.0.0.1:1" },
    ...{ DATABASE_URL: FAR, TOKEN_KEY: key(1), INNER_PRIVATE_KEY: key(1) },
  };
  await expect(promisify(execFile)(process.execPath, [entry], { env })).rejects.toMatchObject({
    code: 1,
    stderr: "command cannot start: INNER_PRIVATE_KEY and TOKEN_KEY are the same key\n",
  });
});

const run = (args: string[], env: Env) => {
  const { PATH = "", HOME = "" } = process.env;
  const COUNTINGHOUSE_DATA = join(folder, "data");
  const options = { cwd: folder, env: { PATH, HOME, COUNTINGHOUSE_DATA, ...env } };
  return promisify(execFile)(process.execPath, [CLI, ...args], options);
};

test("[S73h] the doctor lists what is not fit, a line each, and fails", async () => {
  const bad = { ...fit, DEBUG: "true", RATE_LIMIT_LOGIN: "0" };
  const failure = await run(["doctor", "--production"], bad).catch((error) => error);
  expect(failure.code).toBe(1);
  expect(failure.stdout.split("\n").slice(0, 2)).toEqual([
    "DEBUG must not be on in production",
    "RATE_LIMIT_LOGIN must not be 0 in production",
  ]);
  expect((await run(["doctor", "--production"], fit)).stdout).toMatch(/^not checked: /);
});

test("[S24] a start in production with a weak setting ends with its name", async () => {
  for (const [change, named] of [
    [{ DEBUG: "true" }, "DEBUG must not be on"],
    [{ TLS_CERT_FILE: "", TLS_KEY_FILE: "" }, "TLS_CERT_FILE and TLS_KEY_FILE must be set"],
  ] as const) {
    const failure = await run(["start"], { ...fit, DATABASE_URL: "", ...change }).catch((e) => e);
    expect([failure.code, failure.stderr]).toEqual([1, expect.stringContaining(named)]);
  }
});

test("[S24] who lets others than this machine in says what the bank is", async () => {
  const failure = await run(["start"], { HOST: "0.0.0.0" }).catch((error) => error);
  expect(failure.stderr).toMatch(/ENVIRONMENT is not set/);
});

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { newCertificate, type TestCertificate } from "@countinghouse/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readConfig } from "../src/config.ts";

const url = "http://127.0.0.1:1";
const env = {
  ENVIRONMENT: "test",
  INNER_PRIVATE_KEY: "k".repeat(43),
  INNER_PUBLIC_KEYS: "{}",
  ...{ AUTH_URL: url, COMMAND_URL: url, QUERY_URL: url, RELAY_URL: url },
  AUDIT_URL: url,
};

const folder = mkdtempSync(join(tmpdir(), "countinghouse-config-"));
let certificate: TestCertificate;
beforeAll(async () => {
  certificate = await newCertificate(folder);
});
afterAll(() => rmSync(folder, { recursive: true }));

const withTls = () => {
  return { ...env, TLS_CERT_FILE: certificate.certFile, TLS_KEY_FILE: certificate.keyFile };
};

function refusalsOf(settings: Record<string, string>): unknown {
  try {
    readConfig(settings);
    return [];
  } catch (error) {
    return (error as { problems?: unknown }).problems;
  }
}

test("[S38] in production no limit can be switched off", () => {
  const off = { ...env, RATE_LIMIT_ADDRESS: "0", RATE_LIMIT_LOGIN: "0", RATE_LIMIT_USER: "5" };
  expect(readConfig({ ...off, ENVIRONMENT: "test" }).RATE_LIMIT_ADDRESS).toBe(0);
  expect(readConfig({ ...withTls(), ENVIRONMENT: "production" }).RATE_LIMIT_ADDRESS).toBe(3000);
  const problems = ["ADDRESS", "LOGIN"].map((name) => {
    return `RATE_LIMIT_${name} must not be 0 in production`;
  });
  const production = { ...withTls(), ...off, ENVIRONMENT: "production" };
  expect(refusalsOf(production)).toEqual(problems);
});

test("[S1] in production there is no plain HTTP", () => {
  expect(refusalsOf({ ...env, ENVIRONMENT: "production" })).toEqual([
    "TLS_CERT_FILE and TLS_KEY_FILE must be set in production, which serves no plain HTTP",
  ]);
  expect(refusalsOf({ ...withTls(), ENVIRONMENT: "production" })).toEqual([]);
});

test("[S1] a certificate of no use is refused by what is wrong with it", async () => {
  const [gone, ended, other] = ["gone", "ended-", "other-"].map((name) => join(folder, name));
  const old = { notBeforeDate: new Date(0), notAfterDate: new Date(86_400_000) };
  const past = await newCertificate(mkdtempSync(ended ?? ""), old);
  const { keyFile } = await newCertificate(mkdtempSync(other ?? ""));
  const broken = join(folder, "broken");
  writeFileSync(broken, "-----BEGIN CERTIFICATE-----\nabc\n-----END CERTIFICATE-----\n");
  const with_ = (TLS_CERT_FILE: string, TLS_KEY_FILE: string) => {
    return refusalsOf({ ...env, TLS_CERT_FILE, TLS_KEY_FILE });
  };
  const { certFile } = certificate;
  expect(refusalsOf({ ...env, TLS_CERT_FILE: certFile })).toEqual([
    "TLS_CERT_FILE and TLS_KEY_FILE must be set together",
  ]);
  expect(with_(gone ?? "", keyFile)).toEqual(["TLS_CERT_FILE names a file that cannot be read"]);
  expect(with_(broken, keyFile)).toEqual(["TLS_CERT_FILE holds no certificate"]);
  expect(with_(certFile, broken)).toEqual(["TLS_KEY_FILE holds no private key"]);
  expect(with_(certFile, keyFile)).toEqual([
    "TLS_KEY_FILE is not the key of the certificate in TLS_CERT_FILE",
  ]);
  expect(with_(past.certFile, past.keyFile)).toEqual([
    "TLS_CERT_FILE holds a certificate that has ended",
  ]);
});

test("[S31] a list of origins with a * ends the start", () => {
  expect(refusalsOf({ ...env, CORS_ORIGINS: "https://app.example,*" })).toEqual([
    "CORS_ORIGINS must list origins (https://host:port), joined by commas, no *",
  ]);
});

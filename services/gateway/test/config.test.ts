import { expect, test } from "vitest";
import { readConfig } from "../src/config.ts";

const url = "http://127.0.0.1:1";
const env = {
  SECRET_KEY: "x".repeat(40),
  INNER_PRIVATE_KEY: "k".repeat(43),
  INNER_PUBLIC_KEYS: "{}",
  ...{ AUTH_URL: url, COMMAND_URL: url, QUERY_URL: url, RELAY_URL: url },
  AUDIT_URL: url,
};

test("[S38] in production no limit can be switched off", () => {
  const off = { ...env, RATE_LIMIT_ADDRESS: "0", RATE_LIMIT_LOGIN: "0", RATE_LIMIT_USER: "5" };
  expect(readConfig({ ...off, ENVIRONMENT: "test" }).RATE_LIMIT_ADDRESS).toBe(0);
  expect(readConfig({ ...env, ENVIRONMENT: "production" }).RATE_LIMIT_ADDRESS).toBe(3000);
  const problems = ["ADDRESS", "LOGIN"].map((name) => {
    return `RATE_LIMIT_${name} must not be 0 in production`;
  });
  const start = () => readConfig({ ...off, ENVIRONMENT: "production" });
  expect(start).toThrow(expect.objectContaining({ code: "config_invalid", problems }));
});

import { createPublicKey, verify } from "node:crypto";
import { ConfigError } from "@countinghouse/service-kit";
import { afterAll, beforeAll, expect, test } from "vitest";
import { start } from "../src/main.ts";
import { migrate } from "../src/migrate.ts";
import { type Bank, openBank, SECRET_KEY } from "./bank.ts";

let bank: Bank;
beforeAll(async () => {
  bank = await openBank({ ALGORITHM: "EdDSA" });
});
afterAll(() => bank.close());

const SETTINGS = {
  DATABASE_URL: "postgres://countinghouse_auth@127.0.0.1:1/nowhere",
  ENVIRONMENT: "test",
  SECRET_KEY,
  INNER_PUBLIC_KEYS: "{}",
  LOG_LEVEL: "silent",
};

test("with EdDSA the published key verifies access tokens and has no private part", async () => {
  const { accessToken } = await bank.newUser("customer");
  const { body } = await bank.call("GET", "/.well-known/jwks.json");
  const [key] = body.keys;
  expect(Object.keys(key).toSorted()).toEqual(["alg", "crv", "kid", "kty", "use", "x"]);
  const [head = "", claims = "", signature = ""] = accessToken.split(".");
  expect(JSON.parse(Buffer.from(head, "base64url").toString()).kid).toBe(key.kid);
  const publicKey = createPublicKey({ key, format: "jwk" });
  const signed = Buffer.from(`${head}.${claims}`);
  expect(verify(null, signed, publicKey, Buffer.from(signature, "base64url"))).toBe(true);
});

test("with HS256 no key is published", async () => {
  const service = await start(SETTINGS);
  const response = await fetch(`${service.url}/.well-known/jwks.json`);
  expect(await response.json()).toEqual({ keys: [] });
  await service.close();
});

test("a form that there is not answers 406, after the caller's roles are looked at", async () => {
  const { accessToken: token } = await bank.newUser("customer");
  const statusOf = async (path: string, accept: string) => {
    return (await bank.call("GET", path, { token, headers: { accept } })).status;
  };
  expect(await statusOf("/v1/auth/me", "text/html")).toBe(406);
  expect(await statusOf("/v1/auth/me", "text/html, */*;q=0.1")).toBe(200);
  expect(await statusOf("/v1/users", "text/html")).toBe(403);
});

test("without its database auth is live but not ready, and asks to come again", async () => {
  const service = await start(SETTINGS);
  const at = (path: string, init?: RequestInit) => fetch(service.url + path, init);
  expect((await at("/livez")).status).toBe(200);
  expect((await at("/readyz")).status).toBe(503);
  const body = JSON.stringify({ email: "ada@example.com", password: "correct horse" });
  const headers = { "content-type": "application/json" };
  const login = await at("/v1/auth/login", { method: "POST", headers, body });
  expect([login.status, login.headers.get("retry-after")]).toEqual([503, "1"]);
  await service.close();
});

const BAD_SETTINGS = {
  "a short secret": [{ SECRET_KEY: "short" }, /SECRET_KEY/],
  "no database": [{ DATABASE_URL: undefined }, /DATABASE_URL is not set/],
  "another database": [{ DATABASE_URL: "sqlite:auth.db" }, /DATABASE_URL/],
  "no algorithm": [{ ALGORITHM: "none" }, /ALGORITHM/],
  "tokens for ever": [{ ACCESS_TOKEN_EXPIRE_MINUTES: "100000" }, /ACCESS_TOKEN_EXPIRE_MINUTES/],
} as const;

for (const [what, [change, named]] of Object.entries(BAD_SETTINGS)) {
  test(`auth does not start with ${what}, and names it`, async () => {
    const failure = await start({ ...SETTINGS, ...change }).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(ConfigError);
    expect(String(failure)).toMatch(named);
  });
}

test("migrating again does nothing", async () => {
  await migrate(bank.database.ownerUrl);
});

test("[S19] the service role may do this with the tables, and nothing else", async () => {
  const { rows } = await bank.database.owner.query<{ grants: string }>(
    `SELECT privilege_type || ' ' || table_name || '(' ||
            string_agg(column_name, ' ' ORDER BY column_name) || ')' AS grants
       FROM information_schema.column_privileges
      WHERE grantee = 'countinghouse_auth' AND privilege_type = 'UPDATE'
      GROUP BY privilege_type, table_name
      UNION ALL
     SELECT privilege_type || ' ' || table_name FROM information_schema.table_privileges
      WHERE grantee = 'countinghouse_auth'
      ORDER BY 1`,
  );
  expect(rows.map(({ grants }) => grants)).toEqual([
    "DELETE guesses",
    "DELETE known_devices",
    "DELETE recovery_codes",
    "DELETE sessions",
    "DELETE totp",
    "INSERT guesses",
    "INSERT known_devices",
    "INSERT recovery_codes",
    "INSERT refresh_tokens",
    "INSERT sessions",
    "INSERT token_keys",
    "INSERT totp",
    "INSERT users",
    "SELECT guesses",
    "SELECT known_devices",
    "SELECT recovery_codes",
    "SELECT refresh_tokens",
    "SELECT sessions",
    "SELECT token_keys",
    "SELECT totp",
    "SELECT users",
    "UPDATE guesses(began_at blocked_until failures)",
    "UPDATE known_devices(last_seen_at)",
    "UPDATE refresh_tokens(used_at)",
    "UPDATE sessions(last_used_at revoked_at)",
    "UPDATE token_keys(retired_at revoked_at signs_from)",
    "UPDATE totp(next secret used_steps)",
    "UPDATE users(password_hash roles status)",
  ]);
});

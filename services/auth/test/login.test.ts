import { createKysely } from "@countinghouse/service-kit";
import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { beginSession, liveSessionsOf } from "../src/sessions.ts";
import type { Tables } from "../src/tables.ts";
import { findByEmail, type UserRow } from "../src/users.ts";
import { type Bank, claimsOf, newEmail, newPassword, openBank } from "./bank.ts";

let bank: Bank;
beforeAll(async () => {
  bank = await openBank({ ACCESS_TOKEN_EXPIRE_MINUTES: "5" });
});
afterAll(() => bank.close());

const login = (body: object) => bank.call("POST", "/v1/auth/login", { body });

test("[S7] a login answers a bearer token and the lifetimes of both tokens", async () => {
  const { email, password, userId } = await bank.register();
  const { status, body } = await login({ email, password });
  expect(status).toBe(200);
  const { accessToken, refreshToken, ...rest } = body;
  expect(rest).toEqual({ tokenType: "Bearer", expiresIn: 300, refreshExpiresIn: 30 * 86_400 });
  const { sub, exp, iat } = claimsOf(accessToken);
  expect([sub, exp - iat]).toEqual([userId, 300]);
  expect(Buffer.from(refreshToken, "base64url")).toHaveLength(32);
});

test("a login takes the e-mail in whatever case", async () => {
  const { email, password } = await bank.register();
  expect((await login({ email: email.toUpperCase(), password })).status).toBe(200);
});

test("[S13] wrong password, unknown e-mail and disabled user give the same answer", async () => {
  const person = await bank.register();
  const disabled = await bank.register();
  const { owner } = bank.database;
  await owner.query("UPDATE auth.users SET status = 'disabled' WHERE id = $1", [disabled.userId]);
  const answers = [
    await login({ email: person.email, password: newPassword() }),
    await login({ email: newEmail(), password: newPassword() }),
    await login({ email: disabled.email, password: disabled.password }),
  ];
  for (const { status, headers, body } of answers) {
    expect([status, body.code]).toEqual([401, "invalid_credentials"]);
    expect(headers.get("www-authenticate")).toBe("Bearer");
    expect({ ...body, instance: "" }).toEqual({ ...answers[0]?.body, instance: "" });
  }
});

test("[S11] a password counts in full, as it was typed", async () => {
  const email = newEmail();
  const password = `  ${newPassword()} žluťoučký 🐎 ${"x".repeat(900)} `;
  const body = { email, password, fullName: "Ada Tester" };
  expect((await bank.call("POST", "/v1/auth/register", { body })).status).toBe(201);
  expect((await login({ email, password })).status).toBe(200);
  for (const other of [password.trim(), password.slice(0, -1), password.toUpperCase()]) {
    expect((await login({ email, password: other })).status).toBe(401);
  }
});

test("[S8] a login that overlaps a disabling or a password change begins no session", async () => {
  const pool = new pg.Pool({ connectionString: bank.database.url, max: 1 });
  const db = createKysely<Tables>(pool);
  const changes = ["status = 'disabled'", "password_hash = 'another'"];
  for (const change of changes) {
    const { email, userId } = await bank.register();
    const checked = (await findByEmail(db, email)) as UserRow;
    await bank.database.owner.query(`UPDATE auth.users SET ${change} WHERE id = $1`, [userId]);
    const begun = await beginSession(db, checked, undefined, "a refresh token");
    expect(begun).toEqual({ value: undefined, sessions: [] });
    expect(await liveSessionsOf(db, userId)).toEqual([]);
  }
  await db.destroy();
});

test("[S41] a login storm is shed before hashing, with 429 and Retry-After", async () => {
  const { email, password } = await bank.register();
  const answers = await Promise.all(Array.from({ length: 120 }, () => login({ email, password })));
  const shed = answers.filter(({ status }) => status !== 200);
  expect(shed.length).toBeGreaterThan(0);
  expect(shed.length).toBeLessThanOrEqual(120 - 65);
  for (const { status, headers, body } of shed) {
    expect([status, body.code]).toEqual([429, "rate_limited"]);
    expect(Number(headers.get("retry-after"))).toBeGreaterThan(0);
  }
  expect((await login({ email, password })).status).toBe(200);
});

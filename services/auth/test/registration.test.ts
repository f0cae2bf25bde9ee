import { afterAll, beforeAll, expect, test } from "vitest";
import { type Bank, newEmail, newPassword, openBank } from "./bank.ts";

let bank: Bank;
beforeAll(async () => {
  bank = await openBank();
});
afterAll(() => bank.close());

const register = (body: object) => bank.call("POST", "/v1/auth/register", { body });
const aPerson = () => ({ email: newEmail(), password: newPassword(), fullName: "Grace Hopper" });

test("a registered person is a customer who can log in and see who they are", async () => {
  const person = aPerson();
  const { userId } = (await register(person)).body;
  const { accessToken } = await bank.logIn({ ...person, userId });
  const me = await bank.call("GET", "/v1/auth/me", { token: accessToken });
  const { email, fullName } = person;
  expect(me.status).toBe(200);
  expect(me.body).toEqual({ userId, email, fullName, roles: ["customer"], mfa: false });
});

test("an e-mail is taken in whatever case and encoding it comes again", async () => {
  const id = newEmail();
  const first = { ...aPerson(), email: `José.${id}` };
  expect((await register(first)).status).toBe(201);
  const spellings = [first.email, first.email.toUpperCase(), first.email.normalize("NFD")];
  for (const email of spellings) {
    const answer = await register({ ...aPerson(), email });
    expect([answer.status, answer.body.code]).toEqual([409, "email_taken"]);
  }
  expect((await register({ ...aPerson(), email: `Jose.${id}` })).status).toBe(201);
});

test("of several registrations of one e-mail at once exactly one succeeds", async () => {
  const email = newEmail();
  const answers = await Promise.all(
    Array.from({ length: 5 }, () => register({ ...aPerson(), email })),
  );
  const statuses = answers.map(({ status }) => status).toSorted();
  expect(statuses).toEqual([201, 409, 409, 409, 409]);
});

test("[S11] a common password is rejected, in whatever case", async () => {
  for (const password of ["password1", "PassWord1", "qwertyuiop", "12345678"]) {
    const answer = await register({ ...aPerson(), password });
    expect([answer.status, answer.body.code]).toEqual([422, "password_rejected"]);
  }
});

test("nobody chooses a role, an id or a status when registering", async () => {
  for (const extra of [{ roles: ["admin"] }, { userId: "x" }, { status: "active" }]) {
    expect((await register({ ...aPerson(), ...extra })).status).toBe(400);
  }
});

test("[S12] the database has only hashes of passwords and refresh tokens", async () => {
  const person = await bank.register();
  const { refreshToken, accessToken } = await bank.logIn(person);
  const refreshed = await bank.call("POST", "/v1/auth/refresh", { body: { refreshToken } });
  const { owner } = bank.database;
  const tables = await owner.query<{ name: string }>(
    `SELECT format('%I.%I', table_schema, table_name) AS name FROM information_schema.tables
      WHERE table_schema NOT IN ('pg_catalog', 'information_schema')`,
  );
  const dumps = tables.rows.map(async ({ name }) => {
    return JSON.stringify((await owner.query(`SELECT t::text FROM ${name} t`)).rows);
  });
  const dump = (await Promise.all(dumps)).join("\n");
  expect(dump).toContain(person.email);
  for (const secret of [person.password, refreshToken, refreshed.body.refreshToken, accessToken]) {
    expect(dump).not.toContain(secret);
    expect(dump).not.toContain(Buffer.from(secret).toString("hex"));
    expect(dump).not.toContain(Buffer.from(secret, "base64url").toString("hex"));
  }
});

test("passwords are hashed by argon2id with 19 MiB, two passes and one lane", async () => {
  const { userId } = await bank.register();
  const { rows } = await bank.database.owner.query(
    "SELECT password_hash FROM auth.users WHERE id = $1",
    [userId],
  );
  expect(rows[0].password_hash).toMatch(/^\$argon2id\$v=19\$m=19456,p=1,t=2\$/);
});

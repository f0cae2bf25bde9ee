import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Bank, claimsOf, newPassword, openBank } from "./bank.ts";

let bank: Bank;
beforeAll(async () => {
  bank = await openBank();
});
afterAll(() => bank.close());

const me = (token: string) => bank.call("GET", "/v1/auth/me", { token });
const refresh = (refreshToken: string) => {
  return bank.call("POST", "/v1/auth/refresh", { body: { refreshToken } });
};
const list = (token: string, search = "") => {
  return bank.call("GET", `/v1/auth/sessions${search}`, { token });
};

test("[S8] logout ends this session, its access and refresh token, and no other", async () => {
  const person = await bank.newUser("customer");
  const other = await bank.logIn(person);
  const answer = await bank.call("POST", "/v1/auth/logout", { token: person.accessToken });
  expect(answer.status).toBe(204);
  expect((await me(person.accessToken)).status).toBe(401);
  expect((await refresh(person.refreshToken)).status).toBe(401);
  expect((await me(other.accessToken)).status).toBe(200);
});

test("[S84] live sessions are listed newest first, in pages, and this one is marked", async () => {
  const person = await bank.newUser("customer");
  const sids = [claimsOf(person.accessToken).sid];
  for (let i = 0; i < 4; i += 1) sids.push(claimsOf((await bank.logIn(person)).accessToken).sid);
  const found: { sessionId: string; current: boolean }[] = [];
  let search = "?limit=2";
  const lengths: number[] = [];
  for (let cursor = ""; cursor !== null; search = `?limit=2&cursor=${cursor}`) {
    const { body } = await list(person.accessToken, search);
    found.push(...body.items);
    lengths.push(body.items.length);
    cursor = body.nextCursor;
  }
  expect(lengths).toEqual([2, 2, 1]);
  expect(found.map(({ sessionId }) => sessionId)).toEqual(sids.toReversed());
  expect(found.map(({ current }) => current)).toEqual([false, false, false, false, true]);
});

test("a session shows when it began, when it was used, and by which browser", async () => {
  const { email, password } = await bank.register();
  const headers = { "user-agent": "Lynx/2.9" };
  const body = { email, password };
  const login = await bank.call("POST", "/v1/auth/login", { body, headers });
  const { items } = (await list(login.body.accessToken)).body;
  expect(items).toEqual([
    {
      sessionId: claimsOf(login.body.accessToken).sid,
      createdAt: expect.stringMatching(/^\d{4}-.*\.\d{3}Z$/),
      lastUsedAt: expect.stringMatching(/^\d{4}-.*\.\d{3}Z$/),
      userAgent: "Lynx/2.9",
      current: true,
    },
  ]);
});

test("a use is noted once a minute has passed, and by a refresh at once", async () => {
  const person = await bank.newUser("customer");
  const lastUsedAt = async () => {
    const { items } = (await list(person.accessToken)).body;
    return Date.parse(items[0].lastUsedAt);
  };
  const began = await lastUsedAt();
  expect(await lastUsedAt()).toBe(began);
  const { owner } = bank.database;
  await owner.query("UPDATE auth.sessions SET last_used_at = now() - interval '61 seconds'");
  expect(await lastUsedAt()).toBeGreaterThanOrEqual(began);
  const before = await lastUsedAt();
  await refresh(person.refreshToken);
  expect(await lastUsedAt()).toBeGreaterThan(before);
});

test("[S5] a cursor that was changed, or is of somebody else's list, answers 400", async () => {
  const [one, other] = [await bank.newUser("customer"), await bank.newUser("admin")];
  await bank.logIn(one);
  const { nextCursor } = (await list(one.accessToken, "?limit=1")).body;
  expect((await list(one.accessToken, `?limit=1&cursor=${nextCursor}`)).status).toBe(200);
  for (const cursor of [`${nextCursor}x`, nextCursor.slice(0, -1), "AAAA", "x"]) {
    expect((await list(one.accessToken, `?cursor=${cursor}`)).status).toBe(400);
  }
  expect((await list(other.accessToken, `?cursor=${nextCursor}`)).status).toBe(400);
  const users = `/v1/users?cursor=${nextCursor}`;
  expect((await bank.call("GET", users, { token: other.accessToken })).status).toBe(400);
});

test("[S84] a session is ended from another one, and again without harm", async () => {
  const person = await bank.newUser("customer");
  const phone = await bank.logIn(person);
  const { sid } = claimsOf(phone.accessToken);
  const end = () => {
    return bank.call("DELETE", `/v1/auth/sessions/${sid}`, { token: person.accessToken });
  };
  expect((await end()).status).toBe(204);
  expect((await me(phone.accessToken)).status).toBe(401);
  expect((await refresh(phone.refreshToken)).status).toBe(401);
  expect((await end()).status).toBe(204);
  expect((await list(person.accessToken)).body.items).toHaveLength(1);
});

test("[S14] another person's session answers 404 like a missing one, and lives on", async () => {
  const [victim, mallory] = [await bank.newUser("customer"), await bank.newUser("admin")];
  const end = (sessionId: string) => {
    const path = `/v1/auth/sessions/${sessionId}`;
    return bank.call("DELETE", path, { token: mallory.accessToken });
  };
  const theirs = await end(claimsOf(victim.accessToken).sid);
  const missing = await end(randomUUID());
  expect(theirs.status).toBe(404);
  expect({ ...theirs.body, instance: "" }).toEqual({ ...missing.body, instance: "" });
  expect((await me(victim.accessToken)).status).toBe(200);
});

test("one session too many ends the one that was used longest ago", async () => {
  const person = await bank.newUser("customer");
  const { owner } = bank.database;
  await owner.query(
    `INSERT INTO auth.sessions (id, user_id, expires_at, last_used_at)
     SELECT gen_random_uuid(), $1, now() + interval '1 day', now() + interval '1 second'
       FROM generate_series(1, 199)`,
    [person.userId],
  );
  expect((await me(person.accessToken)).status).toBe(200);
  await bank.logIn(person);
  expect((await me(person.accessToken)).status).toBe(401);
});

test("a login clears away the user's sessions whose time is over", async () => {
  const person = await bank.newUser("customer");
  const { owner } = bank.database;
  const { sid } = claimsOf(person.accessToken);
  await owner.query("UPDATE auth.sessions SET expires_at = now() - interval '1 s' WHERE id = $1", [
    sid,
  ]);
  await bank.logIn(person);
  const left = await owner.query("SELECT FROM auth.refresh_tokens WHERE session_id = $1", [sid]);
  expect(left.rowCount).toBe(0);
});

test("a password change keeps this session and ends the others", async () => {
  const person = await bank.newUser("customer");
  const other = await bank.logIn(person);
  const body = { currentPassword: person.password, newPassword: newPassword() };
  const token = person.accessToken;
  expect((await bank.call("POST", "/v1/auth/password", { token, body })).status).toBe(204);
  expect((await me(token)).status).toBe(200);
  expect((await me(other.accessToken)).status).toBe(401);
  expect((await refresh(other.refreshToken)).status).toBe(401);
  await expect(bank.logIn(person)).rejects.toThrow("invalid_credentials");
  await bank.logIn({ ...person, password: body.newPassword });
});

test("a password change needs the present password and a better one", async () => {
  const person = await bank.newUser("customer");
  const token = person.accessToken;
  const change = async (currentPassword: string, newOne: string) => {
    const body = { currentPassword, newPassword: newOne };
    const answer = await bank.call("POST", "/v1/auth/password", { token, body });
    return [answer.status, answer.body.code];
  };
  expect(await change(newPassword(), newPassword())).toEqual([422, "invalid_credentials"]);
  expect(await change(person.password, "Password1")).toEqual([422, "password_rejected"]);
  expect(await change(person.password, "xK9#qLz")).toEqual([400, "malformed"]);
  await bank.logIn(person);
});

test("of two password changes at once one succeeds", async () => {
  const person = await bank.newUser("customer");
  const other = await bank.logIn(person);
  const change = ({ accessToken: token }: { accessToken: string }) => {
    const body = { currentPassword: person.password, newPassword: newPassword() };
    return bank.call("POST", "/v1/auth/password", { token, body });
  };
  const answers = await Promise.all([change(person), change(other)]);
  expect(answers.map(({ status }) => status).toSorted()).toEqual([204, 422]);
});

import { afterAll, beforeAll, expect, test } from "vitest";
import { decideRotation } from "../src/rotation.ts";
import { type Bank, claimsOf, openBank } from "./bank.ts";

let bank: Bank;
beforeAll(async () => {
  bank = await openBank();
});
afterAll(() => bank.close());

const refresh = (refreshToken: string) => {
  return bank.call("POST", "/v1/auth/refresh", { body: { refreshToken } });
};
const isAlive = async (token: string) => {
  return (await bank.call("GET", "/v1/auth/me", { token })).status === 200;
};

const used = { isUsed: true, isUsedJustNow: true, isChildUsed: false };
const DECISIONS = [
  ["rotate", { isUsed: false, isUsedJustNow: false, isChildUsed: false }],
  ["repeat", used],
  ["reuse", { ...used, isUsedJustNow: false }],
  ["reuse", { ...used, isChildUsed: true }],
  ["reuse", { ...used, isUsedJustNow: false, isChildUsed: true }],
] as const;

for (const [decision, state] of DECISIONS) {
  test(`[S84] a token with ${JSON.stringify(state)} means ${decision}`, () => {
    expect(decideRotation(state)).toBe(decision);
  });
}

test("[S84] a refresh gives a new pair of the same session", async () => {
  const person = await bank.newUser("customer");
  const { status, body } = await refresh(person.refreshToken);
  expect(status).toBe(200);
  expect(body.refreshToken).not.toBe(person.refreshToken);
  const [before, after] = [claimsOf(person.accessToken), claimsOf(body.accessToken)];
  expect([after.sub, after.sid]).toEqual([before.sub, before.sid]);
  expect(after.jti).not.toBe(before.jti);
  expect(await isAlive(person.accessToken)).toBe(true);
  expect(await isAlive(body.accessToken)).toBe(true);
});

test("[S84] refreshes of one token at once give one child", async () => {
  for (let round = 0; round < 8; round += 1) {
    const { refreshToken } = await bank.newUser("customer");
    const answers = await Promise.all(Array.from({ length: 8 }, () => refresh(refreshToken)));
    expect(answers.map(({ status }) => status)).toEqual(Array.from(answers, () => 200));
    expect(new Set(answers.map(({ body }) => body.refreshToken)).size).toBe(1);
  }
});

test("[S84] a token whose child was used ends the session with all its tokens", async () => {
  const person = await bank.newUser("customer");
  const other = await bank.logIn(person);
  const child = (await refresh(person.refreshToken)).body;
  const grandchild = (await refresh(child.refreshToken)).body;
  const replayed = await refresh(person.refreshToken);
  expect([replayed.status, replayed.body.code]).toEqual([401, "invalid_credentials"]);
  expect(replayed.headers.get("www-authenticate")).toBe("Bearer");
  expect((await refresh(grandchild.refreshToken)).status).toBe(401);
  expect(await isAlive(grandchild.accessToken)).toBe(false);
  expect(await isAlive(other.accessToken)).toBe(true);
});

test("[S84] a used token that comes again after ten seconds ends the session", async () => {
  const person = await bank.newUser("customer");
  const child = (await refresh(person.refreshToken)).body;
  await bank.database.owner.query(
    `UPDATE auth.refresh_tokens SET used_at = used_at - interval '10 seconds'
      WHERE session_id = $1 AND used_at IS NOT NULL`,
    [claimsOf(person.accessToken).sid],
  );
  expect((await refresh(person.refreshToken)).status).toBe(401);
  expect((await refresh(child.refreshToken)).status).toBe(401);
});

test("[S84] a token's replay and its child's use at once leave one branch or none", async () => {
  for (let round = 0; round < 8; round += 1) {
    const person = await bank.newUser("customer");
    const child = (await refresh(person.refreshToken)).body;
    const [replayed, next] = await Promise.all([
      refresh(person.refreshToken),
      refresh(child.refreshToken),
    ]);
    // Either the replay came first and got the same child, or it came second and ended the family.
    const isFirst = replayed.status === 200;
    if (isFirst) expect(replayed.body.refreshToken).toBe(child.refreshToken);
    expect(next.status).toBe(200);
    expect((await refresh(next.body.refreshToken)).status).toBe(isFirst ? 200 : 401);
  }
});

test("[S84] what is no refresh token answers 401, spare bits and all", async () => {
  const { refreshToken, accessToken } = await bank.newUser("customer");
  const last = refreshToken.at(-1) ?? "";
  const twin = String.fromCharCode(last.charCodeAt(0) + 1);
  for (const token of ["x", accessToken, refreshToken.slice(0, -1) + twin, ` ${refreshToken}`]) {
    expect((await refresh(token)).status).toBe(401);
  }
  expect((await refresh(refreshToken)).status).toBe(200);
});

test("[S84] a session ends 30 days after its login, and its access tokens not later", async () => {
  const person = await bank.newUser("customer");
  const { sid } = claimsOf(person.accessToken);
  const { owner } = bank.database;
  const endIn = (interval: string) => {
    const text = "UPDATE auth.sessions SET expires_at = now() + $1::interval WHERE id = $2";
    return owner.query(text, [interval, sid]);
  };
  await endIn("60 seconds");
  const { status, body } = await refresh(person.refreshToken);
  expect(status).toBe(200);
  expect(body.refreshExpiresIn).toBeLessThanOrEqual(60);
  expect(body.expiresIn).toBeLessThanOrEqual(60);
  expect(claimsOf(body.accessToken).exp).toBeLessThanOrEqual(Date.now() / 1000 + 60);
  await endIn("-1 second");
  expect((await refresh(body.refreshToken)).status).toBe(401);
  expect(await isAlive(body.accessToken)).toBe(false);
});

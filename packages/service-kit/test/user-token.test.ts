import { randomBytes } from "node:crypto";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createUserTokenSigner, createUserTokenVerifier } from "../src/user-token.ts";
import { USER_TOKEN_ALGORITHMS, userTokenKey, userTokenKeySet } from "../src/user-token-keys.ts";

const SECRET_KEY = "a secret for tests, forty characters long";
const MINUTES = 30;
const CLAIMS = { sub: "a user", sid: "a session", jti: "a token" };
const SALT = randomBytes(32);

const keys = USER_TOKEN_ALGORITHMS.map((algorithm) => userTokenKey(SECRET_KEY, algorithm, SALT));
const signers = keys.map((key) => [key.algorithm, createUserTokenSigner(key), key] as const);
const verify = createUserTokenVerifier(keys, MINUTES);

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["Date"] });
});
afterEach(() => {
  vi.useRealTimers();
});

test.each(signers)("[S7] an %s token is good for 29:59 and over at 30:01", (_, sign, { kid }) => {
  const token = sign(CLAIMS, MINUTES * 60);
  const claims = verify(token);
  expect(claims).toMatchObject({ ...CLAIMS, kid });
  expect(claims.exp - claims.iat).toBe(MINUTES * 60);
  vi.advanceTimersByTime((MINUTES * 60 - 1) * 1000);
  expect(verify(token)).toEqual(claims);
  vi.advanceTimersByTime(2_000);
  expect(() => verify(token)).toThrow();
});

test.each(signers)("[S7] an %s token that is to live longer is refused at once", (_, sign) => {
  expect(() => verify(sign(CLAIMS, MINUTES * 60 + 1))).toThrow("lives too long");
});

test("[S6] a secret makes a key of its own for every algorithm and every salt", () => {
  const more = [
    userTokenKey(SECRET_KEY, "HS256", randomBytes(32)),
    userTokenKey(SECRET_KEY.toUpperCase(), "HS256", SALT),
  ];
  const all = [...keys, ...more];
  for (const member of ["kid", "key"] as const) {
    expect(new Set(all.map((key) => key[member])).size).toBe(all.length);
  }
  expect(userTokenKey(SECRET_KEY, "ES256", SALT)).toEqual(keys[1]);
});

test("[S25] a key that is over is refused, also for a token that would not be", () => {
  const [key] = keys;
  if (key === undefined) throw new Error("no key");
  const token = createUserTokenSigner(key)(CLAIMS, 60);
  const untilSeconds = Math.floor(Date.now() / 1000) + 10;
  const verifyOld = createUserTokenVerifier([{ ...key, untilSeconds }], MINUTES);
  expect(verifyOld(token)).toMatchObject(CLAIMS);
  vi.advanceTimersByTime(11_000);
  expect(() => verifyOld(token)).toThrow("over");
});

test("[S6] the published keys have no private part, and that of HS256 is not among them", () => {
  const { keys: shown } = userTokenKeySet(keys);
  expect(shown.map(({ alg, kty, use }) => [alg, kty, use])).toEqual([
    ["ES256", "EC", "sig"],
    ["EdDSA", "OKP", "sig"],
  ]);
  for (const key of shown) expect(Object.keys(key)).not.toContain("d");
});

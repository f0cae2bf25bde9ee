import { randomBytes, randomUUID } from "node:crypto";
import { createSigner } from "fast-jwt";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createInnerSigner, createInnerVerifier } from "../src/inner-token.ts";
import { ed25519FromSeed, ed25519PublicKey } from "../src/keys.ts";

const seed = () => randomBytes(32).toString("base64url");
const publicKey = (of: string) => ed25519PublicKey(ed25519FromSeed(Buffer.from(of, "base64url")));
const seeds = { gateway: seed(), query: seed(), stranger: seed() };
const KEYS = JSON.stringify({
  gateway: publicKey(seeds.gateway),
  query: publicKey(seeds.query),
});
const user = { userId: randomUUID(), sessionId: randomUUID(), roles: ["customer"] as const };
const gateway = createInnerSigner("gateway", seeds.gateway);
const verify = createInnerVerifier("command", KEYS);

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["Date"] });
});
afterEach(() => {
  vi.useRealTimers();
});

test("the gateway speaks for a user", () => {
  expect(verify(gateway.forUser("command", user))).toEqual({ kind: "user", ...user });
});

test("a service speaks for itself", () => {
  const token = createInnerSigner("query", seeds.query).forSelf("command");
  expect(verify(token)).toEqual({ kind: "service", name: "query" });
});

function forged(claims: object, { key = seeds.gateway, kid = "gateway", typ = "inner+jwt" } = {}) {
  const pem = ed25519FromSeed(Buffer.from(key, "base64url")).export({
    format: "pem",
    type: "pkcs8",
  });
  const sign = createSigner({
    algorithm: "EdDSA",
    key: pem,
    kid,
    header: { alg: "EdDSA", typ },
    iss: "gateway",
    aud: "command",
    sub: user.userId,
    expiresIn: 60_000,
  });
  return sign({ sid: user.sessionId, roles: ["customer"], jti: randomUUID(), ...claims });
}

const FORGERIES: [what: string, make: () => string][] = [
  ["a token for another service", () => gateway.forUser("auth", user)],
  ["a token of a key that is not known", () => forged({}, { key: seeds.stranger })],
  ["a token of an issuer that is not known", () => forged({}, { kid: "admin" })],
  ["a token of another kind", () => forged({}, { typ: "at+jwt" })],
  [
    "a service's token that speaks for a user",
    () => forged({}, { key: seeds.query, kid: "query" }),
  ],
  [
    "a service's token in the name of the gateway",
    () => forged({ iss: "gateway" }, { key: seeds.query, kid: "query" }),
  ],
  ["a user's token without a session", () => forged({ sid: undefined })],
  ["a token that ends in a year", () => forged({ exp: 32_000_000_000, iat: 1 })],
  ["no token", () => ""],
  ["half a token", () => gateway.forUser("command", user).slice(0, 40)],
  ["a token without a signature", () => gateway.forUser("command", user).replace(/[^.]+$/, "")],
];

test.each(FORGERIES)("[S80] %s is refused", (_, make) => {
  expect(() => verify(make())).toThrow(expect.objectContaining({ code: "unauthenticated" }));
});

test("[S8] a token lives 60 seconds, also one that was taken before", () => {
  const token = gateway.forUser("command", user);
  vi.setSystemTime(Date.now() + 59_000);
  expect(verify(token).kind).toBe("user");
  vi.setSystemTime(Date.now() + 2_000);
  expect(() => verify(token)).toThrow(expect.objectContaining({ code: "unauthenticated" }));
});

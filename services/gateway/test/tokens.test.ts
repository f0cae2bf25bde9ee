import { createHmac, randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { KEY, keyOf, openGateway, type TestGateway } from "./support/gateway.ts";

const [ES256, EDDSA] = [keyOf("ES256"), keyOf("EdDSA")];

let gateway: TestGateway;
let claims: { sub: string; sid: string; jti: string };
beforeAll(async () => {
  gateway = await openGateway();
  await gateway.announceKeys(KEY, ES256, EDDSA);
  const { sessionId } = await gateway.logIn();
  const sub = gateway.sessions.get(sessionId)?.userId ?? "";
  claims = { sub, sid: sessionId, jti: randomUUID() };
});
afterAll(() => gateway.close());

async function statusWith(token: string): Promise<number> {
  const headers = { authorization: `Bearer ${token}` };
  const response = await fetch(`${gateway.url}/v1/accounts`, { headers });
  await response.body?.cancel();
  return response.status;
}

const text = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
const now = () => Math.floor(Date.now() / 1000);
const usual = () => {
  const iat = now();
  return { ...claims, iss: "countinghouse", aud: "countinghouse-api", iat, exp: iat + 1800 };
};

/** A token of any header, with the HMAC-SHA-256 of any secret. */
function forged(header: object, secret: string | Buffer): string {
  const body = `${text({ typ: "at+jwt", ...header })}.${text(usual())}`;
  return `${body}.${createHmac("sha256", secret).update(body).digest("base64url")}`;
}

const secretOf = (key: string) => Buffer.from(key, "base64url");
const pemOf = (key: string) => `-----BEGIN PUBLIC KEY-----\n${key}\n-----END PUBLIC KEY-----\n`;

test.each([KEY, ES256, EDDSA])(
  "[S6] a token of the $algorithm key of the ring is good",
  async (key) => {
    expect(await statusWith(gateway.sign(claims, key))).toBe(200);
  },
);

test("[S6] a token made by hand with the right key is good, so what follows is not", async () => {
  expect(await statusWith(forged({ alg: "HS256", kid: KEY.kid }, secretOf(KEY.key)))).toBe(200);
});

const CONFUSED: [what: string, make: () => string][] = [
  ["that names no key", () => forged({ alg: "HS256" }, secretOf(KEY.key))],
  ["that names a key of nobody", () => forged({ alg: "HS256", kid: "x" }, secretOf(KEY.key))],
  ["that names a file", () => forged({ alg: "HS256", kid: "../../dev/null" }, "")],
  ["that names what every object has", () => forged({ alg: "HS256", kid: "__proto__" }, "")],
  ["that names keys in a list", () => forged({ alg: "HS256", kid: [KEY.kid] }, secretOf(KEY.key))],
  ["with a public key as the secret", () => forged({ alg: "HS256", kid: ES256.kid }, ES256.key)],
  [
    "with the bytes of a public key as the secret",
    () => forged({ alg: "HS256", kid: EDDSA.kid }, secretOf(EDDSA.key)),
  ],
  [
    "with a public key in PEM as the secret",
    () => forged({ alg: "HS256", kid: ES256.kid }, pemOf(ES256.key)),
  ],
  ["with another algorithm than its key", () => withHeader({ alg: "EdDSA" })],
  ["with a longer hash than its key", () => forged({ alg: "HS512", kid: KEY.kid }, "")],
  ["that is not signed", () => `${text({ alg: "none", kid: KEY.kid })}.${text(usual())}.`],
  [
    "that is not signed and says so with a signature",
    () => forged({ alg: "none", kid: KEY.kid }, secretOf(KEY.key)),
  ],
  ["that brings its own key", () => withHeader({ jwk: { kty: "oct", k: "AAAA" }, kid: "x" })],
  ["of another kind", () => forged({ alg: "HS256", kid: KEY.kid, typ: "JWT" }, secretOf(KEY.key))],
];

/** A good token with another header than it was signed with. */
function withHeader(change: object): string {
  const [, body, signature] = gateway.sign(claims, ES256).split(".");
  const header = { alg: "ES256", typ: "at+jwt", kid: ES256.kid, ...change };
  return `${text(header)}.${body}.${signature}`;
}

test.each(CONFUSED)("[S6] a token %s answers 401", async (_, make) => {
  expect(await statusWith(make())).toBe(401);
});

const WRONG: [what: string, change: () => object][] = [
  ["without a session", () => ({ sid: undefined })],
  ["without a subject", () => ({ sub: undefined })],
  ["of another subject", () => ({ sub: randomUUID() })],
  ["without a name", () => ({ jti: undefined })],
  ["without an end", () => ({ exp: undefined })],
  ["without a beginning", () => ({ iat: undefined })],
  ["for another audience", () => ({ aud: "elsewhere" })],
  ["for nobody", () => ({ aud: undefined })],
  ["of another issuer", () => ({ iss: "elsewhere" })],
  ["of nobody", () => ({ iss: undefined })],
  ["that ended", () => ({ iat: now() - 60, exp: now() - 1 })],
  ["that is not good yet", () => ({ nbf: now() + 600 })],
  ["from the future", () => ({ iat: now() + 600, exp: now() + 1800 })],
];

test.each(WRONG)("[S8] a token %s answers 401", async (_, change) => {
  expect(await statusWith(signedWith(change()))).toBe(401);
});

/** Signed by the bank's key, with exactly these claims. */
function signedWith(change: object): string {
  const head = { alg: "HS256", typ: "at+jwt", kid: KEY.kid };
  const body = `${text(head)}.${text({ ...usual(), ...change })}`;
  return `${body}.${createHmac("sha256", secretOf(KEY.key)).update(body).digest("base64url")}`;
}

test("[S7] a token that lives longer than a token gets is no token at all", async () => {
  expect(await statusWith(signedWith({ exp: now() + 1795 }))).toBe(200);
  for (const exp of [now() + 1860, now() + 86_400, 9e9, 1e300]) {
    expect(await statusWith(signedWith({ exp }))).toBe(401);
  }
});

test("[S25] tokens of a key are refused from the moment that auth takes it away", async () => {
  const token = gateway.sign(claims, EDDSA);
  for (let i = 0; i < 2; i += 1) expect(await statusWith(token)).toBe(200);
  await gateway.announceKeys(KEY, ES256);
  expect([await statusWith(token), await statusWith(gateway.sign(claims, ES256))]).toEqual([
    401, 200,
  ]);
  await gateway.announceKeys(KEY, ES256, EDDSA);
  expect(await statusWith(token)).toBe(200);
});

test("[S25] a retired key is good until its time, and not a second longer", async () => {
  const [token, another] = [gateway.sign(claims, EDDSA), gateway.sign(claims, ES256)];
  const [past, future] = [now() - 1, now() + 60];
  await gateway.announceKeys(
    KEY,
    { ...EDDSA, untilSeconds: past },
    { ...ES256, untilSeconds: future },
  );
  expect([await statusWith(token), await statusWith(another)]).toEqual([401, 200]);
  await gateway.announceKeys(KEY, ES256, EDDSA);
});

test("[S25] while auth is not heard it is asked for the keys, however many ask", async () => {
  const own = await openGateway();
  try {
    const status = async (token: string) => {
      const headers = { authorization: `Bearer ${token}` };
      const response = await fetch(`${own.url}/v1/accounts`, { headers });
      await response.body?.cancel();
      return response.status;
    };
    const { sessionId } = await own.logIn();
    const sub = own.sessions.get(sessionId)?.userId;
    const mine = { ...claims, sub, sid: sessionId };
    const [old, next] = [KEY, ES256].map((key) => own.sign(mine, key));
    expect([await status(old ?? ""), await status(next ?? "")]).toEqual([200, 401]);
    own.stopFeed();
    void own.announceKeys(ES256);
    const both = () => Promise.all([old, next].map((token) => status(token ?? "")));
    await expect.poll(both, { interval: 20 }).toEqual([401, 200]);
    const many = await Promise.all(Array.from({ length: 50 }, () => status(next ?? "")));
    expect(new Set(many)).toEqual(new Set([200]));
  } finally {
    await own.close();
  }
});

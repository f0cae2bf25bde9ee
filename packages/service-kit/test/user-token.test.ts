import fastifyJwt from "@fastify/jwt";
import fastify from "fastify";
import { expect, test } from "vitest";
import { type UserTokenClaims, userTokenOptions } from "../src/user-token.ts";

const SECRET_KEY = "a secret for tests, forty characters long";
const MINUTES = 5;
const CLAIMS = { sub: "a user", sid: "a session", jti: "a token" };

async function jwtWith(change: { SECRET_KEY?: string; ALGORITHM?: string } = {}) {
  const config = { SECRET_KEY, ALGORITHM: "HS256", ACCESS_TOKEN_EXPIRE_MINUTES: MINUTES };
  const app = fastify();
  await app.register(fastifyJwt, userTokenOptions({ ...config, ...change }));
  return app.jwt;
}

for (const ALGORITHM of ["HS256", "ES256", "EdDSA"]) {
  test(`[S7] an ${ALGORITHM} access token lives as many minutes as it is set to`, async () => {
    const jwt = await jwtWith({ ALGORITHM });
    const claims = jwt.verify<UserTokenClaims & { iat: number }>(jwt.sign(CLAIMS));
    expect(claims).toMatchObject(CLAIMS);
    expect(claims.exp - claims.iat).toBe(MINUTES * 60);
  });
}

test("[S8] a token is refused once it is older than a token gets, whatever its exp", async () => {
  const jwt = await jwtWith();
  const issued = (secondsAgo: number) => {
    const iat = Math.floor(Date.now() / 1000) - secondsAgo;
    return jwt.sign({ ...CLAIMS, iat }, { expiresIn: 1_000_000 });
  };
  expect(() => jwt.verify(issued(MINUTES * 60 - 5))).not.toThrow();
  expect(() => jwt.verify(issued(MINUTES * 60 + 5))).toThrow();
});

test("[S8] a token of another key, algorithm, issuer, audience or type is refused", async () => {
  const jwt = await jwtWith();
  const foreign = [
    (await jwtWith({ SECRET_KEY: SECRET_KEY.toUpperCase() })).sign(CLAIMS),
    (await jwtWith({ ALGORITHM: "EdDSA" })).sign(CLAIMS),
    jwt.sign(CLAIMS, { iss: "somebody" }),
    jwt.sign(CLAIMS, { aud: "something" }),
    jwt.sign(CLAIMS, { header: { alg: "HS256", typ: "JWT" } }),
    jwt.sign({ sub: "a user", jti: "a token" }),
  ];
  for (const token of foreign) expect(() => jwt.verify(token)).toThrow();
});

import { createHmac, generateKeyPairSync, randomUUID, sign } from "node:crypto";
import { createInnerSigner, deriveKey } from "@countinghouse/service-kit";

type Json = Record<string, unknown>;

/** What a forger works with: a good token, and what they could have learnt. */
export interface Loot {
  readonly accessToken: string;
  readonly refreshToken: string;
  readonly secretKey: string;
  /** What the good token was signed with. */
  readonly tokenKey: Buffer;
}

type Forgery = readonly [what: string, forge: (loot: Loot) => string];

const part = (value: Json) => Buffer.from(JSON.stringify(value)).toString("base64url");
const read = (text = "") => JSON.parse(Buffer.from(text, "base64url").toString()) as Json;
const parts = ({ accessToken }: Loot) => {
  const [head, claims, signature = ""] = accessToken.split(".");
  return { head: read(head), claims: read(claims), signature };
};

/** The token with other members in head and claims, signed with this key by HMAC. */
export function forged(
  loot: Loot,
  head: Json,
  claims: Json = {},
  key: string | Buffer = loot.tokenKey,
  hash = "sha256",
): string {
  const good = parts(loot);
  const text = `${part({ ...good.head, ...head })}.${part({ ...good.claims, ...claims })}`;
  return `${text}.${createHmac(hash, key).update(text).digest("base64url")}`;
}

function unsigned(loot: Loot, alg: string, signature = ""): string {
  const { head, claims } = parts(loot);
  return `${part({ ...head, alg })}.${part(claims)}.${signature}`;
}

const without = (loot: Loot, name: string) => forged(loot, {}, { [name]: undefined });
const seconds = () => Math.floor(Date.now() / 1000);
const { privateKey, publicKey } = generateKeyPairSync("ed25519");

/** The forger's own key, told along with the token. */
function selfSigned(loot: Loot, head: Json): string {
  const { claims } = parts(loot);
  const text = `${part({ typ: "at+jwt", alg: "EdDSA", ...head })}.${part(claims)}`;
  return `${text}.${sign(null, Buffer.from(text), privateKey).toString("base64url")}`;
}

const ALGORITHMS: Forgery[] = [
  ...["none", "None", "NONE", "nOnE"].map((alg): Forgery => {
    return [`alg ${alg} and no signature`, (loot) => unsigned(loot, alg)];
  }),
  ["alg none and the signature", (loot) => unsigned(loot, "none", parts(loot).signature)],
  ["no alg", (loot) => forged(loot, { alg: undefined })],
  ["HS384 of the right key", (loot) => forged(loot, { alg: "HS384" }, {}, loot.tokenKey, "sha384")],
  ["HS512 of the right key", (loot) => forged(loot, { alg: "HS512" }, {}, loot.tokenKey, "sha512")],
  ["RS256 that is an HMAC", (loot) => forged(loot, { alg: "RS256" })],
  ["ES256 that is an HMAC", (loot) => forged(loot, { alg: "ES256" })],
  ["the secret that all keys come from", (loot) => forged(loot, {}, {}, loot.secretKey)],
  ["another key", (loot) => forged(loot, {}, {}, "k".repeat(32))],
  ["an empty key", (loot) => forged(loot, {}, {}, "")],
  [
    "the public key of the service for a secret",
    (loot) => {
      return forged(loot, {}, {}, publicKey.export({ format: "pem", type: "spki" }) as string);
    },
  ],
];

const HEADS: Forgery[] = [
  ["a kid that is a path", (loot) => forged(loot, { kid: "../../../../dev/null" }, {}, "")],
  ["a kid that is SQL", (loot) => forged(loot, { kid: "' UNION SELECT 'k' --" }, {}, "k")],
  ["a kid that is a command", (loot) => forged(loot, { kid: "| cat /etc/passwd" }, {}, "k")],
  ["a kid of nobody", (loot) => forged(loot, { kid: "nobody" }, {}, "k".repeat(32))],
  ["a jku", (loot) => selfSigned(loot, { jku: "https://evil.example/jwks.json" })],
  ["a jwk", (loot) => selfSigned(loot, { jwk: publicKey.export({ format: "jwk" }) })],
  ["an x5u", (loot) => selfSigned(loot, { x5u: "https://evil.example/cert.pem" })],
  ["typ JWT", (loot) => forged(loot, { typ: "JWT" })],
  ["no typ", (loot) => forged(loot, { typ: undefined })],
];

const CLAIMS: Forgery[] = [
  ["another audience", (loot) => forged(loot, {}, { aud: "elsewhere" })],
  ["no audience", (loot) => without(loot, "aud")],
  ["another issuer", (loot) => forged(loot, {}, { iss: "elsewhere" })],
  ["no issuer", (loot) => without(loot, "iss")],
  ["an end that is past", (loot) => forged(loot, {}, { exp: seconds() - 1 })],
  ["an end that is far", (loot) => forged(loot, {}, { exp: seconds() + 86_400 })],
  ["an end that never comes", (loot) => forged(loot, {}, { exp: 1e300 })],
  ["an end that is a text", (loot) => forged(loot, {}, { exp: String(seconds() + 60) })],
  ["no end", (loot) => without(loot, "exp")],
  ["a beginning long ago", (loot) => forged(loot, {}, { iat: seconds() - 7_200 })],
  [
    "a beginning to come",
    (loot) => {
      return forged(loot, {}, { iat: seconds() + 3_600, exp: seconds() + 3_660 });
    },
  ],
  ["no beginning", (loot) => without(loot, "iat")],
  ["not before tomorrow", (loot) => forged(loot, {}, { nbf: seconds() + 86_400 })],
  ["another subject", (loot) => forged(loot, {}, { sub: randomUUID() })],
  ["no subject", (loot) => without(loot, "sub")],
  ["a session of nobody", (loot) => forged(loot, {}, { sid: randomUUID() })],
  ["a session that is a path", (loot) => forged(loot, {}, { sid: "../users" })],
  ["a session that is a list", (loot) => forged(loot, {}, { sid: [parts(loot).claims.sid] })],
  ["no session", (loot) => without(loot, "sid")],
  ["no id of its own", (loot) => without(loot, "jti")],
];

const TEXTS: Forgery[] = [
  ["no signature", ({ accessToken }) => accessToken.replace(/[^.]+$/, "")],
  ["two parts", ({ accessToken }) => accessToken.replace(/\.[^.]+$/, "")],
  ["four parts", ({ accessToken }) => `${accessToken}.e30`],
  ["a signature in another spelling", ({ accessToken }) => respelled(accessToken)],
  ["a signature with padding", ({ accessToken }) => `${accessToken}=`],
  ["a signature cut short", ({ accessToken }) => accessToken.slice(0, -4)],
  ["a space inside", ({ accessToken }) => accessToken.replace(".", ". ")],
  ["itself twice", ({ accessToken }) => `${accessToken} ${accessToken}`],
  ["7,000 bytes", () => `${"a".repeat(3_500)}.${"b".repeat(3_400)}.cccc`],
  ["a refresh token", ({ refreshToken }) => refreshToken],
  ["the secret", ({ secretKey }) => secretKey],
  ["a token from inside", innerToken],
];

/** The last letter has bits to spare: another letter gives the same bytes. */
function respelled(token: string): string {
  const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  return token.slice(0, -1) + letters[letters.indexOf(token.at(-1) ?? "") ^ 1];
}

function innerToken({ secretKey, accessToken }: Loot): string {
  const { sub, sid } = read(accessToken.split(".")[1]) as { sub: string; sid: string };
  const seed = deriveKey(secretKey, "inner:gateway").toString("base64url");
  const user = { userId: sub, sessionId: sid, roles: ["customer"] as const };
  return createInnerSigner("gateway", seed).forUser("command", user);
}

/** Tokens that must open nothing. */
export const FORGERIES: readonly Forgery[] = [ALGORITHMS, HEADS, CLAIMS, TEXTS].flat();

/** Where else a good token must not count; each line stands for the Authorization header. */
export const ELSEWHERE: readonly (readonly [what: string, lines: (token: string) => string[]])[] = [
  ["a cookie", (token) => ["No-Token: 1", `Cookie: access_token=${token}`]],
  ["a header of another name", (token) => ["No-Token: 1", `X-Access-Token: ${token}`]],
  ["Proxy-Authorization", (token) => ["No-Token: 1", `Proxy-Authorization: Bearer ${token}`]],
  ["the scheme Basic", (token) => [`Authorization: Basic ${token}`]],
  ["the scheme Token", (token) => [`Authorization: Token ${token}`]],
  ["no scheme", (token) => [`Authorization: ${token}`]],
  ["two headers", (token) => [`Authorization: Bearer ${token}`, `Authorization: Bearer ${token}`]],
  ["a list", (token) => [`Authorization: Bearer ${token}, Bearer ${token}`]],
];

import { execFile } from "node:child_process";
import { createPublicKey, verify } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { listTokenKeys, rotateTokenKeys } from "../services/auth/src/keys.ts";
import {
  call,
  type Identity,
  logIn,
  openIdentity,
  type Person,
  register,
  SECRET_KEY,
} from "./support/identity.ts";

let identity: Identity;
let gateways: string[];
let known: Omit<Person, "token" | "refreshToken">;

beforeAll(async () => {
  identity = await openIdentity();
  const auths = [await identity.auth(), await identity.auth()];
  gateways = await Promise.all(auths.map(({ url }) => identity.gateway(url)));
  known = await register(gateways[0] ?? "");
});
afterAll(() => identity.close());

const requestOf = (env: Record<string, string> = {}) => {
  const databaseUrl = identity.databases.urlOf("auth", "countinghouse_auth");
  return { databaseUrl, env: { SECRET_KEY, ...env } };
};

const kidOf = (token: string) => {
  return JSON.parse(Buffer.from(token.split(".")[0] ?? "", "base64url").toString()).kid as string;
};

const statusAt = async (url: string, token: string) => {
  return (await call(url, "GET", "/v1/auth/me", { token })).status;
};

/** Logins at one gateway and calls at all, until told to end; every status that came. */
function load(): { end(): Promise<Map<number, number>>; kids(): Set<string> } {
  let isOver = false;
  const statuses = new Map<number, number>();
  const kids = new Set<string>();
  const count = (status: number) => statuses.set(status, (statuses.get(status) ?? 0) + 1);
  async function worker(mine: string): Promise<void> {
    while (!isOver) {
      const { token } = await logIn(mine, known);
      kids.add(kidOf(token));
      for (let i = 0; i < 3; i += 1) {
        for (const url of gateways) count(await statusAt(url, token));
      }
    }
  }
  const all = Promise.all(gateways.map(worker));
  return {
    kids: () => kids,
    async end() {
      isOver = true;
      await all;
      return statuses;
    },
  };
}

test("[S25] under load a new key takes over everywhere, and no request fails", async () => {
  const before = await logIn(gateways[0] ?? "", known);
  const running = load();
  await expect.poll(() => running.kids().size, { timeout: 10_000 }).toBe(1);
  const kids = [kidOf(before.token)];
  for (let i = 0; i < 3; i += 1) {
    kids.push(await rotateTokenKeys({ ...requestOf(), compromised: false }));
    // From here on nobody signs with the key before.
    for (const url of gateways) expect(kidOf((await logIn(url, known)).token)).toBe(kids.at(-1));
  }
  const statuses = await running.end();
  expect([...statuses.keys()]).toEqual([200]);
  expect(statuses.get(200)).toBeGreaterThan(20);
  expect([...running.kids()].sort()).toEqual(kids.toSorted());
  for (const url of gateways) expect(await statusAt(url, before.token)).toBe(200);
  const states = (await listTokenKeys(requestOf())).map(({ state }) => state);
  expect(states).toEqual(["signs", "retired", "retired", "retired"]);
});

test("[S25] tokens of a compromised key are refused at once, and new ones good", async () => {
  const [one = "", two = ""] = gateways;
  const before = await logIn(one, known);
  expect(await statusAt(two, before.token)).toBe(200);
  await rotateTokenKeys({ ...requestOf(), compromised: true });
  for (const url of gateways) expect(await statusAt(url, before.token)).toBe(401);
  const after = await logIn(two, known);
  expect(await statusAt(one, after.token)).toBe(200);
  // The session was not stolen with the key.
  const refreshed = await call(one, "POST", "/v1/auth/refresh", {
    body: { refreshToken: before.refreshToken },
  });
  expect([refreshed.status, await statusAt(two, refreshed.body.accessToken ?? "")]).toEqual([
    200, 200,
  ]);
});

test("[S25] tokens of an old secret stay good while it is given beside the new one", async () => {
  const own = await openIdentity();
  const SECRET = "quite another secret, forty characters long";
  try {
    const [first, second] = [await own.auth(), await own.auth()];
    const gateway = await own.gateway(first.url);
    const person = await logIn(gateway, await register(gateway));
    // One process after the other gets the new secret, as in a rolling restart.
    await second.close();
    const renewed = await own.auth({ SECRET_KEY: SECRET, SECRET_KEY_PREVIOUS: SECRET_KEY });
    const newGateway = await own.gateway(renewed.url);
    const late = await logIn(gateway, person);
    await first.close();
    const fresh = await logIn(newGateway, person);
    expect(new Set([person, late, fresh].map(({ token }) => kidOf(token))).size).toBe(2);
    for (const { token } of [person, late, fresh]) {
      expect(await statusAt(newGateway, token)).toBe(200);
    }
    const alone = await own.auth({ SECRET_KEY: SECRET });
    const last = await own.gateway(alone.url);
    expect([await statusAt(last, person.token), await statusAt(last, fresh.token)]).toEqual([
      401, 200,
    ]);
  } finally {
    await own.close();
  }
});

test("[S6] with another algorithm a new key signs, and the public keys are published", async () => {
  const own = await openIdentity();
  const keysAt = async (url: string) => {
    return (await call(url, "GET", "/.well-known/jwks.json")).body.keys as unknown as {
      kid: string;
      alg: string;
    }[];
  };
  try {
    const hs256 = await own.auth();
    const gateway = await own.gateway(hs256.url);
    const person = await logIn(gateway, await register(gateway));
    expect(await keysAt(gateway)).toEqual([]);
    for (const ALGORITHM of ["ES256", "EdDSA"]) {
      const auth = await own.auth({ ALGORITHM });
      const url = await own.gateway(auth.url);
      const { token } = await logIn(url, person);
      const jwk = (await keysAt(url)).find(({ kid }) => kid === kidOf(token));
      expect(jwk).toMatchObject({ alg: ALGORITHM });
      const [head, body, signature = ""] = token.split(".");
      const key = createPublicKey({ key: jwk as never, format: "jwk" });
      const how = { key, dsaEncoding: "ieee-p1363" } as const;
      const digest = ALGORITHM === "ES256" ? "sha256" : null;
      const bytes = Buffer.from(`${head}.${body}`);
      expect(verify(digest, bytes, how, Buffer.from(signature, "base64url"))).toBe(true);
      for (const one of [token, person.token]) expect(await statusAt(url, one)).toBe(200);
    }
  } finally {
    await own.close();
  }
});

test("[S73a] the generator makes a secret, and never over one that is there", async () => {
  const run = promisify(execFile);
  const cli = (...args: string[]) => {
    return run(process.execPath, ["packages/cli/src/main.ts", "keys", "generate", ...args]);
  };
  const [one, two] = [(await cli()).stdout.trim(), (await cli()).stdout.trim()];
  expect(one).toMatch(/^[\w-]{64}$/);
  expect(two).not.toBe(one);
  const folder = mkdtempSync(join(tmpdir(), "countinghouse-keys-"));
  const file = join(folder, "secret");
  try {
    await cli("--out", file);
    const secret = readFileSync(file, "utf8");
    expect([secret.trim().length, statSync(file).mode & 0o777]).toEqual([64, 0o600]);
    await expect(cli("--out", file)).rejects.toThrow("is there already");
    expect(readFileSync(file, "utf8")).toBe(secret);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

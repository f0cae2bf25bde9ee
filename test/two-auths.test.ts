import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  balance,
  call,
  type Identity,
  logIn,
  openIdentity,
  type Person,
  register,
} from "./support/identity.ts";

let identity: Identity;
/** Each gateway follows the auth of its number. */
let one: string;
let two: string;
let admin: Person;
let owner: pg.Pool;

beforeAll(async () => {
  identity = await openIdentity();
  owner = new pg.Pool({ connectionString: identity.databases.adminUrl("auth"), max: 1 });
  const auths = [await identity.auth(), await identity.auth()];
  [one, two] = [
    await identity.gateway(auths[0]?.url ?? ""),
    await identity.gateway(auths[1]?.url ?? ""),
  ];
  const person = await register(one);
  await owner.query("UPDATE auth.users SET roles = '{admin}' WHERE id = $1", [person.userId]);
  admin = await logIn(one, person);
});
afterAll(async () => {
  await owner.end();
  await identity.close();
});

const statusAt = async (url: string, { token }: Person, path = "/v1/auth/me") => {
  return (await call(url, "GET", path, { token })).status;
};

/** Both gateways have let this person in and remember it. */
async function remembered(...persons: Person[]): Promise<void> {
  for (const person of persons) {
    for (const url of [one, two]) {
      for (let i = 0; i < 2; i += 1) expect(await statusAt(url, person)).toBe(200);
    }
  }
}

test("[S8] a logout at one auth is known at the gateway of the other at once", async () => {
  const person = await logIn(one, await register(one));
  await remembered(person);
  const { status } = await call(one, "POST", "/v1/auth/logout", { token: person.token });
  expect([status, await statusAt(two, person), await statusAt(one, person)]).toEqual([
    204, 401, 401,
  ]);
});

test("[S84] sessions revoked or ended by a new password are out at every gateway", async () => {
  const known = await register(two);
  const [person, phone, laptop] = [
    await logIn(one, known),
    await logIn(two, known),
    await logIn(two, known),
  ];
  await remembered(person, phone, laptop);
  const { items } = (await call(two, "GET", "/v1/auth/sessions", { token: phone.token }))
    .body as unknown as { items: { sessionId: string; current: boolean }[] };
  const { sessionId } = items.find(({ current }) => current) ?? { sessionId: "" };
  const revoked = await call(one, "DELETE", `/v1/auth/sessions/${sessionId}`, {
    token: person.token,
  });
  expect([revoked.status, await statusAt(two, phone)]).toEqual([204, 401]);
  const body = { currentPassword: person.password, newPassword: `${person.password}!` };
  const changed = await call(one, "POST", "/v1/auth/password", { token: person.token, body });
  expect([changed.status, await statusAt(two, laptop)]).toEqual([204, 401]);
  expect(await statusAt(two, person)).toBe(200);
});

test("[S84] a family killed by reuse at one auth is dead at the other's gateway", async () => {
  const person = await logIn(one, await register(one));
  await remembered(person);
  const refresh = (url: string, refreshToken: string | undefined) => {
    return call(url, "POST", "/v1/auth/refresh", { body: { refreshToken } });
  };
  const child = await refresh(one, person.refreshToken);
  await refresh(two, child.body.refreshToken);
  expect((await refresh(one, person.refreshToken)).status).toBe(401);
  expect(await statusAt(two, person)).toBe(401);
});

test("[S17] changed roles and a disabling hold at every gateway at once", async () => {
  const person = await logIn(two, await register(two));
  await remembered(person);
  expect(await statusAt(two, person, "/v1/users")).toBe(403);
  const path = `/v1/users/${person.userId}`;
  const body = { roles: ["admin"] };
  await call(one, "PUT", `${path}/roles`, { token: admin.token, body });
  expect(await statusAt(two, person, "/v1/users")).toBe(200);
  await call(one, "POST", `${path}/disable`, { token: admin.token });
  expect(await statusAt(two, person)).toBe(401);
});

test("a gateway behind a balancer takes note with whichever auth it reaches", async () => {
  const auths = [await identity.auth(), await identity.auth()];
  const balancer = await balance(auths.map(({ url }) => url));
  try {
    const three = await identity.gateway(balancer.url);
    const person = await logIn(three, await register(three));
    for (let i = 0; i < 8; i += 1) {
      const again = await logIn(three, person);
      await remembered(again);
      expect(await statusAt(three, again)).toBe(200);
      const ended = await call(three, "POST", "/v1/auth/logout", { token: again.token });
      expect(ended.status).toBe(204);
      for (const url of [one, two, three]) expect(await statusAt(url, again)).toBe(401);
    }
  } finally {
    balancer.close();
  }
});

test("[S36] an auth that has lost the others lets its gateway remember nothing", async () => {
  const person = await logIn(two, await register(two));
  await remembered(person);
  await owner.query(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE application_name = 'countinghouse-auth-channel' AND datname = current_database()`,
  );
  const { status } = await call(one, "POST", "/v1/auth/logout", { token: person.token });
  expect([status, await statusAt(two, person)]).toEqual([204, 401]);
});

test("[S36] an auth that hangs holds nobody up, and its gateway lets nobody in", {
  timeout: 90_000,
}, async () => {
  const { url, child } = await identity.authProcess();
  const three = await identity.gateway(url);
  const person = await logIn(three, await register(three));
  expect(await statusAt(three, person)).toBe(200);
  child.kill("SIGSTOP");
  try {
    const { status } = await call(one, "POST", "/v1/auth/logout", { token: person.token });
    expect([status, await statusAt(three, person)]).toEqual([204, 503]);
  } finally {
    child.kill("SIGCONT");
  }
  await expect.poll(() => statusAt(three, person), { timeout: 30_000 }).toBe(401);
});

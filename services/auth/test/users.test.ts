import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { type Bank, type LoggedIn, newEmail, openBank } from "./bank.ts";

let bank: Bank;
let admin: LoggedIn;
beforeAll(async () => {
  bank = await openBank();
});
afterAll(() => bank.close());

/** Every test begins with exactly one administrator. */
beforeEach(async () => {
  const text = "UPDATE auth.users SET roles = '{customer}', status = 'active'";
  await bank.database.owner.query(text);
  admin = await bank.newUser("admin");
});

const act = (verb: string, userId: string, by = admin) => {
  return bank.call("POST", `/v1/users/${userId}/${verb}`, { token: by.accessToken });
};
const setRoles = (userId: string, roles: string[], by = admin) => {
  const options = { token: by.accessToken, body: { roles } };
  return bank.call("PUT", `/v1/users/${userId}/roles`, options);
};
const list = (search: string) => {
  return bank.call("GET", `/v1/users${search}`, { token: admin.accessToken });
};
const me = (token: string) => bank.call("GET", "/v1/auth/me", { token });

test("an administrator finds a user by e-mail in whatever case, and sees no secret", async () => {
  const { userId, email } = await bank.register();
  const { status, body } = await list(`?email=${encodeURIComponent(email.toUpperCase())}`);
  expect(status).toBe(200);
  expect(body).toEqual({
    items: [
      {
        userId,
        email,
        fullName: "Ada Tester",
        roles: ["customer"],
        status: "active",
        mfa: false,
        createdAt: expect.stringMatching(/^\d{4}-.*\.\d{3}Z$/),
      },
    ],
    nextCursor: null,
  });
  const nobody = await list(`?email=${newEmail()}`);
  expect(nobody.body).toEqual({ items: [], nextCursor: null });
});

test("pages of users, newest first, neither skip nor repeat while others register", async () => {
  for (let i = 0; i < 5; i += 1) await bank.register();
  const { rows } = await bank.database.owner.query(
    "SELECT id FROM auth.users ORDER BY created_at DESC, id DESC",
  );
  const seen: string[] = [];
  for (let search = "?limit=2"; search !== ""; ) {
    const { body } = await list(search);
    seen.push(...body.items.map(({ userId }: { userId: string }) => userId));
    await bank.register();
    search = body.nextCursor === null ? "" : `?limit=2&cursor=${body.nextCursor}`;
  }
  expect(seen).toEqual(rows.map(({ id }) => id));
});

test("[S17] users are for administrators only, decided before existence", async () => {
  const teller = await bank.newUser("teller", "auditor", "fraud_analyst", "customer");
  for (const userId of [admin.userId, randomUUID()]) {
    expect((await act("disable", userId, teller)).status).toBe(403);
    expect((await setRoles(userId, ["admin"], teller)).status).toBe(403);
  }
  const answer = await bank.call("GET", "/v1/users", { token: teller.accessToken });
  expect(answer.status).toBe(403);
});

test("what is done to nobody answers 404", async () => {
  for (const verb of ["disable", "enable", "unlock"]) {
    expect((await act(verb, randomUUID())).status).toBe(404);
    expect((await act(verb, "4711")).status).toBe(404);
  }
  expect((await setRoles(randomUUID(), ["teller"])).status).toBe(404);
});

test("[S17] roles are the whole set and in force at once", async () => {
  const person = await bank.newUser("teller");
  const { status, body } = await setRoles(person.userId, ["auditor", "customer"]);
  expect(status).toBe(200);
  expect(body.roles).toEqual(["auditor", "customer"]);
  expect((await me(person.accessToken)).body.roles).toEqual(["auditor", "customer"]);
});

test("[S5] roles that are empty, repeated or unknown answer 400", async () => {
  for (const roles of [[], ["teller", "teller"], ["emperor"]]) {
    expect((await setRoles(admin.userId, roles)).status).toBe(400);
  }
});

test("[S8] a disabled user is out at once, and when enabled in again by a new login", async () => {
  const person = await bank.newUser("customer");
  const refresh = () => {
    const body = { refreshToken: person.refreshToken };
    return bank.call("POST", "/v1/auth/refresh", { body });
  };
  expect((await act("disable", person.userId)).body.status).toBe("disabled");
  expect((await act("disable", person.userId)).body.status).toBe("disabled");
  expect((await me(person.accessToken)).status).toBe(401);
  expect((await refresh()).status).toBe(401);
  await expect(bank.logIn(person)).rejects.toThrow("invalid_credentials");
  expect((await act("unlock", person.userId)).body.status).toBe("disabled");
  expect((await act("enable", person.userId)).body.status).toBe("active");
  expect((await refresh()).status).toBe(401);
  expect((await me(person.accessToken)).status).toBe(401);
  await bank.logIn(person);
});

test("[S17] the last administrator keeps the role and stays enabled", async () => {
  const disabled = await bank.newUser("admin");
  await act("disable", disabled.userId);
  for (const answer of [
    await setRoles(admin.userId, ["customer"]),
    await act("disable", admin.userId),
  ]) {
    expect([answer.status, answer.body.code]).toEqual([422, "last_admin"]);
  }
  expect((await setRoles(admin.userId, ["customer", "admin"])).status).toBe(200);
  expect((await setRoles(disabled.userId, ["customer"])).status).toBe(200);
  expect((await me(admin.accessToken)).body.roles).toEqual(["customer", "admin"]);
});

test("[S17] administrators who put each other out at once leave one", async () => {
  for (let round = 0; round < 5; round += 1) {
    const rivals = [admin, await bank.newUser("admin"), await bank.newUser("admin")];
    const answers = await Promise.all(
      rivals.flatMap((rival, i) => {
        const victim = rivals[(i + 1) % rivals.length] as LoggedIn;
        return [setRoles(victim.userId, ["customer"], rival), act("disable", victim.userId, rival)];
      }),
    );
    for (const { status } of answers) expect([200, 401, 403, 422]).toContain(status);
    const { rows } = await bank.database.owner.query(
      "SELECT id FROM auth.users WHERE 'admin' = ANY (roles) AND status = 'active'",
    );
    expect(rows.length).toBeGreaterThanOrEqual(1);
    const text = "UPDATE auth.users SET roles = '{customer}', status = 'active'";
    await bank.database.owner.query(text);
    admin = await bank.newUser("admin");
  }
});

test("a service asks whether a user exists, and nobody else may", async () => {
  const { userId } = await bank.register();
  const ask = (id: string) => bank.command.ask("userExists", { params: { userId: id } });
  expect(await ask(userId)).toEqual({ userId });
  expect(await ask(randomUUID())).toBeUndefined();
  const asGateway = bank.gateway.ask("userExists", { params: { userId } });
  await expect(asGateway).rejects.toThrow("unavailable");
});

import { randomUUID } from "node:crypto";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { type Bank, claimsOf, type LoggedIn, newPassword, openBank, openBankOn } from "./bank.ts";

let bank: Bank;
let follower: Follower;
beforeAll(async () => {
  bank = await openBank();
});
afterAll(() => bank.close());
beforeEach(async () => {
  follower = await follow(bank);
});
afterEach(() => follower.hangUp());

interface Follower {
  /** The sessions of the next line that names any, once it has come. */
  change(): Promise<{ seq: number; sessions: string[] }>;
  acknowledge(seq: number): Promise<unknown>;
  /** Resolves once auth has ended the stream. */
  readonly ended: Promise<void>;
  hangUp(): void;
}

/** Follows as a gateway does, over HTTP. */
async function follow({ gateway }: Bank): Promise<Follower> {
  const id = randomUUID();
  const hanging = new AbortController();
  const response = await gateway.open("followSessionChanges", {
    query: { follower: id },
    signal: hanging.signal,
  });
  const changes: { seq: number; sessions: string[] }[] = [];
  let wake = Promise.withResolvers<void>();
  async function read(): Promise<void> {
    const decoder = new TextDecoder();
    for await (const chunk of response.body ?? []) {
      for (const line of decoder.decode(chunk).trim().split("\n")) {
        const change = JSON.parse(line);
        if (change.sessions.length > 0) changes.push(change);
      }
      wake.resolve();
      wake = Promise.withResolvers();
    }
  }
  const ended = read().catch(() => undefined);
  return {
    async change() {
      while (changes.length === 0) await wake.promise;
      return changes.shift() as (typeof changes)[number];
    },
    acknowledge: (seq) => {
      return gateway.ask("acknowledgeSessionChanges", { body: { follower: id, seq } });
    },
    ended,
    hangUp: () => hanging.abort(),
  };
}

const sidOf = ({ accessToken }: LoggedIn) => claimsOf(accessToken).sid;

/** The answer comes only after the follower has taken note of exactly these sessions. */
async function expectAnnounced(
  pending: Promise<{ status: number }>,
  status: number,
  sessions: string[],
): Promise<void> {
  let isAnswered = false;
  const answer = pending.finally(() => {
    isAnswered = true;
  });
  const change = await follower.change();
  expect(change.sessions.toSorted()).toEqual(sessions.toSorted());
  expect(isAnswered).toBe(false);
  await follower.acknowledge(change.seq);
  expect((await answer).status).toBe(status);
}

test("[S8] a logout is answered once every gateway has forgotten the session", async () => {
  const person = await bank.newUser("customer");
  await bank.logIn(person);
  const logout = bank.call("POST", "/v1/auth/logout", { token: person.accessToken });
  await expectAnnounced(logout, 204, [sidOf(person)]);
});

test("[S84] ending a session, killing a family and changing a password are announced", async () => {
  const person = await bank.newUser("customer");
  const [phone, laptop] = [await bank.logIn(person), await bank.logIn(person)];
  const token = person.accessToken;
  const path = `/v1/auth/sessions/${sidOf(phone)}`;
  await expectAnnounced(bank.call("DELETE", path, { token }), 204, [sidOf(phone)]);

  const refresh = (refreshToken: string) => {
    return bank.call("POST", "/v1/auth/refresh", { body: { refreshToken } });
  };
  const child = (await refresh(laptop.refreshToken)).body;
  await refresh(child.refreshToken);
  await expectAnnounced(refresh(laptop.refreshToken), 401, [sidOf(laptop)]);

  const others = [await bank.logIn(person), await bank.logIn(person)];
  const body = { currentPassword: person.password, newPassword: newPassword() };
  const change = bank.call("POST", "/v1/auth/password", { token, body });
  await expectAnnounced(change, 204, others.map(sidOf));
});

test("[S17] a change of roles and a disabling announce all live sessions of the user", async () => {
  const admin = await bank.newUser("admin");
  const person = await bank.newUser("customer");
  const sessions = [person, await bank.logIn(person)].map(sidOf);
  const path = `/v1/users/${person.userId}`;
  const options = { token: admin.accessToken };
  const roles = bank.call("PUT", `${path}/roles`, { ...options, body: { roles: ["auditor"] } });
  await expectAnnounced(roles, 200, sessions);
  await expectAnnounced(bank.call("POST", `${path}/disable`, options), 200, sessions);
});

test("a gateway that has hung up is not waited for", async () => {
  const person = await bank.newUser("customer");
  follower.hangUp();
  await follower.ended;
  const logout = await bank.call("POST", "/v1/auth/logout", { token: person.accessToken });
  expect(logout.status).toBe(204);
});

test("a gateway that takes no note is cut off, and the logout is answered", async () => {
  const person = await bank.newUser("customer");
  const logout = bank.call("POST", "/v1/auth/logout", { token: person.accessToken });
  const { seq } = await follower.change();
  expect((await logout).status).toBe(204);
  await follower.ended;
  expect(await follower.acknowledge(seq)).toBeUndefined();
});

test("closing the service ends the streams of its followers", async () => {
  const another = await openBankOn(bank.database);
  const { ended } = await follow(another);
  await another.close();
  await ended;
});

test("[S80] nobody but the gateway follows, takes note or asks for a session", async () => {
  const { accessToken } = await bank.newUser("admin");
  const { sid: sessionId } = claimsOf(accessToken);
  const paths = [
    ["GET", `/internal/sessions/${sessionId}`],
    ["GET", `/internal/session-changes?follower=${randomUUID()}`],
  ] as const;
  for (const [method, path] of paths) {
    expect((await bank.call(method, path, { token: accessToken })).status).toBe(403);
    expect((await bank.call(method, path)).status).toBe(401);
    const headers = { authorization: `Bearer ${accessToken}` };
    expect((await bank.call(method, path, { headers })).status).toBe(401);
  }
  const asCommand = bank.command.ask("checkSession", { params: { sessionId } });
  await expect(asCommand).rejects.toThrow("unavailable");
});

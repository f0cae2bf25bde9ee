import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { type Bank, newEmail, newPassword, openBank, openBankOn } from "./bank.ts";

const ADDRESS_TRIES = 8;
const GLOBAL_TRIES = 12;

let bank: Bank;
beforeAll(async () => {
  bank = await openBank({
    LOGIN_FAILURES_ADDRESS: String(ADDRESS_TRIES),
    LOGIN_FAILURES_GLOBAL: String(GLOBAL_TRIES),
  });
});
afterAll(() => bank.close());
beforeEach(() => bank.database.owner.query("TRUNCATE auth.guesses"));

interface Person {
  readonly email: string;
  readonly password: string;
}
interface Answer {
  readonly status: number;
  readonly headers: Headers;
}

const HOME = "198.51.100.7";
const login = ({ email, password }: Person, from = HOME, at: Bank = bank) => {
  return at.call("POST", "/v1/auth/login", { body: { email, password }, from });
};
/** Each stranger comes from an address of its own, so that only the account counts. */
let strangers = 0;
const stranger = () => `203.0.113.${(strangers++ % 250) + 1}`;
const guess = (email: string, from = stranger(), at: Bank = bank) => {
  return login({ email, password: newPassword() }, from, at);
};
const retryAfter = ({ headers }: Answer) => Number(headers.get("retry-after"));

async function statusesOf(times: number, work: () => Promise<Answer>): Promise<number[]> {
  const statuses: number[] = [];
  for (let i = 0; i < times; i += 1) statuses.push((await work()).status);
  return statuses;
}

/** Lets all blocks run out. */
async function waitOut(): Promise<void> {
  const text = "UPDATE auth.guesses SET blocked_until = now() - interval '1 second'";
  await bank.database.owner.query(text);
}

test("[S83] after five wrong passwords a stranger waits, with the right one, too", async () => {
  const person = await bank.register();
  expect(await statusesOf(5, () => guess(person.email))).toEqual([401, 401, 401, 401, 401]);
  const refused = await login(person, stranger());
  expect([refused.status, refused.body.code]).toEqual([429, "rate_limited"]);
  expect(retryAfter(refused)).toBeGreaterThan(50);
  expect(retryAfter(refused)).toBeLessThanOrEqual(60);
});

test("[S83] an e-mail of nobody is locked just as somebody's is", async () => {
  const [person, email] = [await bank.register(), newEmail()];
  const ofSomebody = await statusesOf(7, () => guess(person.email));
  await bank.database.owner.query("TRUNCATE auth.guesses");
  expect(await statusesOf(7, () => guess(email))).toEqual(ofSomebody);
});

test("[S83] many guesses at once get no further than one after another", async () => {
  const { email } = await bank.register();
  const answers = await Promise.all(Array.from({ length: 60 }, () => guess(email)));
  expect(answers.filter(({ status }) => status === 401)).toHaveLength(5);
  expect(answers.filter(({ status }) => status === 429)).toHaveLength(55);
});

test("[S83] each further failure locks for twice as long, up to an hour", async () => {
  const { email } = await bank.register();
  await statusesOf(5, () => guess(email));
  const waits: number[] = [];
  for (let i = 0; i < 8; i += 1) {
    waits.push(retryAfter(await guess(email)));
    await waitOut();
    await guess(email);
  }
  expect(waits).toEqual([60, 120, 240, 480, 960, 1920, 3600, 3600]);
});

test("[S83] a known device passes the lock of its account", async () => {
  const person = await bank.register();
  expect((await login(person)).status).toBe(200);
  await statusesOf(6, () => guess(person.email));
  expect((await login(person)).status).toBe(200);
  expect((await login(person, stranger())).status).toBe(429);
});

test("[S83] another browser or another network is no known device", async () => {
  const person = await bank.register();
  expect((await login(person)).status).toBe(200);
  await statusesOf(5, () => guess(person.email));
  const { email, password } = person;
  const headers = { "user-agent": "another" };
  const options = { body: { email, password }, headers, from: HOME };
  expect((await bank.call("POST", "/v1/auth/login", options)).status).toBe(429);
  expect((await login(person, "198.51.100.8")).status).toBe(429);
});

test("[S83] a known device guesses ten times and is a stranger then", async () => {
  const person = await bank.register();
  await login(person);
  const statuses = await statusesOf(10, () => guess(person.email, HOME));
  expect(new Set(statuses)).toEqual(new Set([401]));
  expect(await statusesOf(6, () => guess(person.email, HOME))).toEqual([
    ...[401, 401, 401, 401, 401],
    429,
  ]);
});

test("[S83] a login from a known device does not free the account for strangers", async () => {
  const person = await bank.register();
  await login(person);
  await statusesOf(5, () => guess(person.email));
  expect((await login(person)).status).toBe(200);
  expect((await guess(person.email)).status).toBe(429);
});

test("[S83] a right password makes up for the wrong ones before it", async () => {
  const person = await bank.register();
  for (let round = 0; round < 3; round += 1) {
    await statusesOf(4, () => guess(person.email));
    expect((await login(person, stranger())).status).toBe(200);
  }
});

test("[S83] an address that fails on many accounts waits, and no other address does", async () => {
  const attacker = "192.0.2.66";
  const statuses = await statusesOf(ADDRESS_TRIES + 1, () => guess(newEmail(), attacker));
  expect(statuses).toEqual([...Array(ADDRESS_TRIES).fill(401), 429]);
  expect((await guess(newEmail(), "192.0.2.67")).status).toBe(401);
});

test("[S83] while guesses come from everywhere, an account bears two and no more", async () => {
  for (let i = 0; i < GLOBAL_TRIES; i += 1) await guess(newEmail());
  const person = await bank.register();
  expect(await statusesOf(3, () => guess(person.email))).toEqual([401, 401, 429]);
});

test("[S83] a restart forgets nothing, and every process counts the same", async () => {
  const { email } = await bank.register();
  await statusesOf(3, () => guess(email));
  const other = await openBankOn(bank.database);
  const there = () => guess(email, stranger(), other);
  expect(await statusesOf(3, there)).toEqual([401, 401, 429]);
  expect((await guess(email)).status).toBe(429);
  await other.close();
});

test("[S83] a locked user is shown as locked, and is unlocked by time or by admin", async () => {
  const [admin, person] = [await bank.newUser("admin"), await bank.register()];
  const token = admin.accessToken;
  const show = async () => {
    const path = `/v1/users?email=${encodeURIComponent(person.email)}`;
    return (await bank.call("GET", path, { token })).body.items[0].status;
  };
  await statusesOf(5, () => guess(person.email));
  expect(await show()).toBe("locked");
  const unlock = await bank.call("POST", `/v1/users/${person.userId}/unlock`, { token });
  expect([unlock.status, unlock.body.status]).toEqual([200, "active"]);
  expect((await login(person, stranger())).status).toBe(200);
  await statusesOf(5, () => guess(person.email));
  await waitOut();
  expect(await show()).toBe("active");
  expect((await login(person, stranger())).status).toBe(200);
});

test("[S83] the address that a client claims counts only when the gateway says so", async () => {
  const claim = (address: string) => {
    const headers = { "x-client-address": address };
    const body = { email: newEmail(), password: newPassword() };
    return bank.call("POST", "/v1/auth/login", { body, headers });
  };
  let last = 0;
  for (let i = 0; i <= ADDRESS_TRIES; i += 1) last = (await claim(`192.0.2.${i + 1}`)).status;
  expect(last).toBe(429);
});

test("[S83] who is logged in guesses its own password and codes ten times", async () => {
  const person = await bank.newUser("customer");
  const token = person.accessToken;
  const change = () => {
    const body = { currentPassword: newPassword(), newPassword: newPassword() };
    return bank.call("POST", "/v1/auth/password", { token, body });
  };
  const confirm = () => {
    return bank.call("POST", "/v1/auth/mfa/totp/confirm", { token, body: { otp: "000000" } });
  };
  expect(await statusesOf(5, change)).toEqual(Array(5).fill(422));
  expect(await statusesOf(6, confirm)).toEqual([...Array(5).fill(422), 429]);
  expect((await change()).status).toBe(429);
});

test("what counts for nothing any more is cleared away", async () => {
  const { createGuesses } = await import("../src/guesses.ts");
  const { createKysely } = await import("@countinghouse/service-kit");
  await guess(newEmail());
  const { owner } = bank.database;
  const count = async () => (await owner.query("SELECT FROM auth.guesses")).rowCount;
  const limits = { LOGIN_FAILURES_ACCOUNT: 5, LOGIN_FAILURES_DEVICE: 5 };
  const rest = { LOGIN_FAILURES_ADDRESS: 5, LOGIN_FAILURES_GLOBAL: 5 };
  const guesses = createGuesses(createKysely(owner), { ...limits, ...rest });
  await guesses.clean();
  expect(await count()).toBe(3);
  await owner.query("UPDATE auth.guesses SET began_at = now() - interval '25 hours'");
  await guesses.clean();
  expect(await count()).toBe(0);
});

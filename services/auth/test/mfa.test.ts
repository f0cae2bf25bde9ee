import { randomUUID } from "node:crypto";
import { Secret, TOTP } from "otpauth";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Bank, type LoggedIn, newPassword, openBank } from "./bank.ts";

let bank: Bank;
beforeAll(async () => {
  bank = await openBank();
});
afterAll(() => bank.close());

const PATH = "/v1/auth/mfa/totp";
const start = ({ accessToken: token }: LoggedIn) => bank.call("POST", PATH, { token });
const confirm = ({ accessToken: token }: LoggedIn, otp: string) => {
  return bank.call("POST", `${PATH}/confirm`, { token, body: { otp } });
};
const stop = ({ accessToken: token }: LoggedIn, otp: string) => {
  return bank.call("DELETE", PATH, { token, body: { otp } });
};
const login = ({ email, password }: LoggedIn, more: object = {}) => {
  return bank.call("POST", "/v1/auth/login", { body: { email, password, ...more } });
};
const hasMfa = async ({ accessToken: token }: LoggedIn) => {
  return (await bank.call("GET", "/v1/auth/me", { token })).body.mfa;
};
const outcome = ({ status, body }: { status: number; body: { code?: string } | undefined }) => {
  return [status, body?.code];
};

/** The code of a secret some steps from now. */
function codeOf(secret: string, steps = 0): string {
  const timestamp = Date.now() + steps * 30_000;
  return new TOTP({ secret: Secret.fromBase32(secret) }).generate({ timestamp });
}

/** Somebody with the second factor on, who used the code of the step before. */
async function enrolled(): Promise<LoggedIn & { secret: string; recoveryCodes: string[] }> {
  const person = await bank.newUser("customer");
  const { secret } = (await start(person)).body;
  const { status, body } = await confirm(person, codeOf(secret, -1));
  expect(status).toBe(200);
  return { ...person, secret, recoveryCodes: body.recoveryCodes };
}

test("[S86] the second factor is on from its first right code on, and not before", async () => {
  const person = await bank.newUser("customer");
  const { secret } = (await start(person)).body;
  expect(outcome(await confirm(person, "000000"))).toEqual([422, "invalid_otp"]);
  expect(await hasMfa(person)).toBe(false);
  expect((await login(person)).status).toBe(200);
  expect((await confirm(person, codeOf(secret))).body.recoveryCodes).toHaveLength(10);
  expect(await hasMfa(person)).toBe(true);
  expect(outcome(await login(person))).toEqual([401, "otp_required"]);
});

test("[S86] that a code is needed is told only to who knows the password", async () => {
  const person = await enrolled();
  const wrong = { ...person, password: newPassword() };
  expect(outcome(await login(wrong))).toEqual([401, "invalid_credentials"]);
  const withCode = await login(wrong, { otp: codeOf(person.secret) });
  expect(outcome(withCode)).toEqual([401, "invalid_credentials"]);
  expect((await login(person, { otp: codeOf(person.secret) })).status).toBe(200);
});

test("[S8] a disabled user is not told that the password was right", async () => {
  const person = await enrolled();
  const { owner } = bank.database;
  await owner.query("UPDATE auth.users SET status = 'disabled' WHERE id = $1", [person.userId]);
  expect(outcome(await login(person))).toEqual([401, "invalid_credentials"]);
});

test("[S86] a code is used once over all its uses", async () => {
  const person = await enrolled();
  const otp = codeOf(person.secret);
  expect((await login(person, { otp })).status).toBe(200);
  expect(outcome(await login(person, { otp }))).toEqual([401, "invalid_otp"]);
  expect(outcome(await stop(person, otp))).toEqual([422, "invalid_otp"]);
  const asked = { params: { userId: person.userId }, body: { otp } };
  expect(await bank.command.ask("useOtp", asked)).toEqual({ outcome: "refused" });
  expect((await stop(person, codeOf(person.secret, 1))).status).toBe(204);
});

test("[S86] of many uses of one code at once one succeeds", async () => {
  const person = await enrolled();
  const otps = [codeOf(person.secret), person.recoveryCodes[0] ?? ""];
  for (const otp of otps) {
    const asked = { params: { userId: person.userId }, body: { otp } };
    const answers = Array.from({ length: 8 }, () => bank.command.ask("useOtp", asked));
    const accepted = (await Promise.all(answers)).filter((one) => one?.outcome === "accepted");
    expect(accepted).toHaveLength(1);
  }
});

test("[S86] a recovery code logs in once, in whatever case", async () => {
  const person = await enrolled();
  const [one = "", other = ""] = person.recoveryCodes;
  expect((await login(person, { otp: one.toUpperCase() })).status).toBe(200);
  expect(outcome(await login(person, { otp: one }))).toEqual([401, "invalid_otp"]);
  expect((await login(person, { otp: other })).status).toBe(200);
});

test("[S86] begun again, the old secret stays until the new one is confirmed", async () => {
  const person = await enrolled();
  const { secret } = (await start(person)).body;
  expect(outcome(await login(person, { otp: codeOf(secret) }))).toEqual([401, "invalid_otp"]);
  expect((await login(person, { otp: codeOf(person.secret) })).status).toBe(200);
  const { recoveryCodes } = (await confirm(person, codeOf(secret, -1))).body;
  const old = await login(person, { otp: codeOf(person.secret, 1) });
  expect(outcome(old)).toEqual([401, "invalid_otp"]);
  const [oldCode, newCode] = [person.recoveryCodes[0], recoveryCodes[0]];
  expect(outcome(await login(person, { otp: oldCode }))).toEqual([401, "invalid_otp"]);
  expect((await login(person, { otp: newCode })).status).toBe(200);
  expect((await login(person, { otp: codeOf(secret) })).status).toBe(200);
});

test("[S86] switched off, the password is enough and no old code means anything", async () => {
  const person = await enrolled();
  expect(outcome(await stop(person, "000000"))).toEqual([422, "invalid_otp"]);
  expect((await stop(person, person.recoveryCodes[0] ?? "")).status).toBe(204);
  expect(await hasMfa(person)).toBe(false);
  expect((await login(person)).status).toBe(200);
  expect(outcome(await stop(person, codeOf(person.secret)))).toEqual([422, "invalid_otp"]);
  const { rows } = await bank.database.owner.query(
    `SELECT user_id FROM auth.totp WHERE user_id = $1
     UNION ALL SELECT user_id FROM auth.recovery_codes WHERE user_id = $1`,
    [person.userId],
  );
  expect(rows).toEqual([]);
});

test("[S20] no secret and no recovery code can be read in the database", async () => {
  const person = await enrolled();
  const { owner } = bank.database;
  const tables = ["auth.totp", "auth.recovery_codes", "auth.users"];
  const dumps = await Promise.all(
    tables.map((table) => owner.query(`SELECT row_to_json(t)::text AS row FROM ${table} AS t`)),
  );
  const dump = dumps.flatMap(({ rows }) => rows.map(({ row }) => row)).join("\n");
  const bytes = Secret.fromBase32(person.secret);
  expect(dump.length).toBeGreaterThan(100);
  const spellings = [person.secret, bytes.hex, ...person.recoveryCodes];
  for (const spelling of spellings) {
    expect(dump).not.toContain(spelling);
    expect(dump).not.toContain(spelling.replaceAll("-", ""));
    expect(dump).not.toContain(Buffer.from(spelling).toString("hex"));
  }
});

test("[S86] a service asks for a code only where a user has the second factor", async () => {
  const [plain, person] = [await bank.newUser("customer"), await enrolled()];
  const ask = (userId: string, body: { otp?: string }) => {
    return bank.command.ask("useOtp", { params: { userId }, body });
  };
  expect(await ask(plain.userId, {})).toEqual({ outcome: "no_mfa" });
  expect(await ask(person.userId, {})).toEqual({ outcome: "otp_required" });
  expect(await ask(person.userId, { otp: "000000" })).toEqual({ outcome: "refused" });
  const otp = codeOf(person.secret);
  expect(await ask(person.userId, { otp })).toEqual({ outcome: "accepted" });
  expect(await ask(randomUUID(), {})).toBeUndefined();
});

test("[S17] administrators see who has the second factor", async () => {
  const [admin, person] = [await bank.newUser("admin"), await enrolled()];
  const path = `/v1/users?email=${encodeURIComponent(person.email)}`;
  const { body } = await bank.call("GET", path, { token: admin.accessToken });
  expect(body.items.map((user: { mfa: boolean }) => user.mfa)).toEqual([true]);
});

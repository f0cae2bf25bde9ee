import { Readable } from "node:stream";
import * as bcrypt from "@node-rs/bcrypt";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { importUsers } from "../src/import-users.ts";
import { createPasswordPolicy } from "../src/password-policy.ts";
import { type Bank, newEmail, newPassword, openBank, openBankOn } from "./bank.ts";

let bank: Bank;
beforeAll(async () => {
  bank = await openBank();
});
afterAll(() => bank.close());

const OWNER = { email: "ada.lovelace@example.com", fullName: "Ada Lovelace", mfa: false };
const LONG = "correct horse battery staple";

async function verdictOn(password: string, production = false, mfa = false): Promise<string> {
  const ENVIRONMENT = production ? "production" : "test";
  const policy = createPasswordPolicy({ ENVIRONMENT, PASSWORD_MIN_LENGTH: 8 });
  const failure = await policy.check(password, { ...OWNER, mfa }, "/password").catch((e) => e);
  return failure?.code ?? "fine";
}

const VERDICTS: [what: string, password: string, verdict: string][] = [
  ["seven characters", "xK9#qLz", "malformed"],
  ["eight characters", "xK9#qLz!", "fine"],
  ["eight emoji that differ", "🐎🦊🐙🦉🐝🦋🐢🦀", "fine"],
  ["seven emoji, 14 code units", "🐎🦊🐙🦉🐝🦋🐢", "malformed"],
  ["64 characters", `${LONG} `.repeat(2) + LONG.slice(0, 6), "fine"],
  ["1000 characters", `${LONG} ${"q8".repeat(500)}`.slice(0, 1000), "fine"],
  ["a passphrase with spaces", "  three blind mice and one more ", "fine"],
  ["letters with accents", "žluťoučký kůň", "fine"],
  ["a common one", "password1", "password_rejected"],
  ["a common one in other case", "PassWord1", "password_rejected"],
  ["a common one with signs", "Password1!", "password_rejected"],
  ["a common one in leet", "P@ssw0rd2024", "password_rejected"],
  ["keys in a row", "qwertyuiop", "password_rejected"],
  ["digits in a row", "1234567890", "password_rejected"],
  ["one letter again and again", "aaaaaaaaaaaaaaaa", "password_rejected"],
  ["the bank's name and a year", "bankname2026", "password_rejected"],
  ["the product's name and a year", "Countinghouse2026", "password_rejected"],
  ["the owner's name and a year", "lovelace1815", "password_rejected"],
  ["the owner's e-mail", "ada.lovelace@example.com", "password_rejected"],
];

describe("passwords by the policy", () => {
  for (const [what, password, verdict] of VERDICTS) {
    test(`[S11] ${what}: ${verdict}`, async () => {
      expect(await verdictOn(password)).toBe(verdict);
    });
  }

  test("[S11] in production a password alone has 15 characters, beside MFA eight", async () => {
    expect(await verdictOn("xK9#qLz!4tP2vR", true)).toBe("malformed");
    expect(await verdictOn("xK9#qLz!4tP2vR7", true)).toBe("fine");
    expect(await verdictOn("xK9#qLz!", true, true)).toBe("fine");
    expect(await verdictOn("xK9#qLz", true, true)).toBe("malformed");
  });
});

test("[S11] a password that is too short for the settings answers 400 and where", async () => {
  const strict = await openBankOn(bank.database, { PASSWORD_MIN_LENGTH: "12" });
  const body = { email: newEmail(), password: "xK9#qLz!4tP", fullName: "Ada Tester" };
  const answer = await strict.call("POST", "/v1/auth/register", { body });
  expect([answer.status, answer.body.errors[0].path]).toEqual([400, "/password"]);
  const longer = { ...body, password: "xK9#qLz!4tP2" };
  expect((await strict.call("POST", "/v1/auth/register", { body: longer })).status).toBe(201);
  await strict.close();
});

async function hashOf(email: string): Promise<string> {
  const text = "SELECT password_hash FROM auth.users WHERE email = $1";
  return (await bank.database.owner.query(text, [email])).rows[0].password_hash;
}

function lines(...customers: unknown[]): AsyncIterable<string> {
  return Readable.from(
    customers.map((one) => (typeof one === "string" ? one : JSON.stringify(one))),
  );
}

for (const version of ["2a", "2b", "2y"] as const) {
  test(`[S10] an imported bcrypt hash (${version}) logs in and is argon2id then`, async () => {
    const [email, password] = [newEmail(), newPassword()];
    const passwordHash = await bcrypt.hash(password, { cost: 4, version });
    const customer = { email, fullName: "Ada Imported", passwordHash };
    const report = await importUsers(bank.database.url, lines(customer));
    expect(report).toEqual({ imported: 1, taken: [], refused: [] });
    const login = (given: string) => {
      return bank.call("POST", "/v1/auth/login", { body: { email, password: given } });
    };
    expect((await login(newPassword())).status).toBe(401);
    expect(await hashOf(email)).toBe(passwordHash);
    const answers = await Promise.all([login(password), login(password), login(password)]);
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
    expect(await hashOf(email)).toMatch(/^\$argon2id\$/);
    expect((await login(password)).status).toBe(200);
  });
}

test("[S10] a higher cost is taken at the next login", async () => {
  const person = await bank.register();
  expect(await hashOf(person.email)).toContain("m=19456");
  const costly = { PASSWORD_MEMORY_KIB: "32768", PASSWORD_PASSES: "3" };
  const dearer = await openBankOn(bank.database, costly);
  await dearer.logIn(person);
  expect(await hashOf(person.email)).toMatch(/m=32768,.*t=3/);
  await dearer.logIn(person);
  await dearer.close();
});

test("[S10] what is no customer or no hash is refused by its line, and nothing else", async () => {
  const passwordHash = await bcrypt.hash("whatever it was", { cost: 4 });
  const good = { email: newEmail(), fullName: "Ada", passwordHash };
  const report = await importUsers(
    bank.database.url,
    lines(
      good,
      { ...good, email: good.email.toUpperCase() },
      { ...good, email: newEmail(), passwordHash: "plain text" },
      { ...good, email: newEmail(), passwordHash: passwordHash.replace("$04$", "$31$") },
      { ...good, email: newEmail(), roles: ["admin"] },
      { ...good, email: "nobody" },
      "no json",
      "",
    ),
  );
  expect(report).toEqual({ imported: 1, taken: [2], refused: [3, 4, 5, 6, 7] });
});

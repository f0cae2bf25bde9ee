import { afterAll, beforeAll, expect, test } from "vitest";
import { CreateAdminError, createAdmin } from "../src/create-admin.ts";
import { type Bank, newEmail, newPassword, openBank } from "./bank.ts";

let bank: Bank;
beforeAll(async () => {
  bank = await openBank();
});
afterAll(() => bank.close());

const anAdmin = () => ({
  databaseUrl: bank.database.url,
  email: newEmail(),
  password: newPassword(),
});

test("an administrator is made who can log in and see users", async () => {
  const admin = anAdmin();
  const userId = await createAdmin(admin);
  const { accessToken: token } = await bank.logIn({ ...admin, userId });
  const me = (await bank.call("GET", "/v1/auth/me", { token })).body;
  expect(me).toMatchObject({ userId, fullName: "Administrator", roles: ["admin"] });
  expect((await bank.call("GET", "/v1/users", { token })).status).toBe(200);
});

test("somebody who exists is not touched", async () => {
  const person = await bank.newUser("customer");
  const attempt = createAdmin({ ...anAdmin(), email: person.email.toUpperCase() });
  await expect(attempt).rejects.toThrow(/is registered already/);
  await bank.logIn(person);
  const { body } = await bank.call("GET", "/v1/auth/me", { token: person.accessToken });
  expect(body.roles).toEqual(["customer"]);
});

const REFUSED = {
  "no e-mail": [{ email: "nobody" }, "That is no e-mail address."],
  "a short password": [{ password: "xK9#qLz" }, "A password has 8 to 1000 characters."],
  "a common password": [{ password: "Password1" }, /too common/],
  "an empty name": [{ fullName: "" }, "A name has 1 to 200 characters."],
  "a line break in the password": [{ password: "correct\nhorse" }, /Control characters/],
} as const;

for (const [what, [change, sentence]] of Object.entries(REFUSED)) {
  test(`${what} is refused in a sentence`, async () => {
    const failure = await createAdmin({ ...anAdmin(), ...change }).catch((error) => error);
    expect(failure).toBeInstanceOf(CreateAdminError);
    expect(failure.message).toMatch(sentence);
  });
}

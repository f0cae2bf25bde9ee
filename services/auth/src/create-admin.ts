import { PASSWORD_LENGTH, Registration } from "@countinghouse/contracts";
import { createKysely, createLogger, createPool, isCleanText } from "@countinghouse/service-kit";
import type { Static } from "typebox";
import { Value } from "typebox/value";
import { isCommonPassword } from "./common-passwords.ts";
import { createPasswords } from "./passwords.ts";
import type { Tables } from "./tables.ts";
import { insertUser } from "./users.ts";

/** An administrator cannot be made of this; the message is a sentence for whoever typed it. */
export class CreateAdminError extends Error {
  readonly code = "create_admin_refused";
  readonly retryable = false;

  constructor(message: string) {
    super(message);
    this.name = "CreateAdminError";
  }
}

export interface NewAdmin {
  /** Of auth's database, as the role of the service. */
  readonly databaseUrl: string;
  readonly email: string;
  readonly password: string;
  readonly fullName?: string;
}

/**
 * Registers an administrator by the rules of registration and gives the user's id. Never changes a
 * user who exists: throws a CreateAdminError for a taken e-mail, as for a value that breaks a rule.
 */
export async function createAdmin(admin: NewAdmin): Promise<string> {
  const { databaseUrl, email, password, fullName = "Administrator" } = admin;
  await check({ email, password, fullName });
  const pool = createPool(
    databaseUrl,
    "create-admin",
    createLogger("create-admin", { LOG_LEVEL: "silent" }),
  );
  const db = createKysely<Tables>(pool);
  try {
    const passwordHash = await createPasswords().hash(password);
    const userId = await insertUser(db, { email, fullName, passwordHash, roles: ["admin"] });
    if (userId !== undefined) return userId;
    throw new CreateAdminError(
      `${email} is registered already; an administrator can give that user the role.`,
    );
  } finally {
    await db.destroy();
  }
}

const RULES: Readonly<Record<string, string>> = {
  "/email": "That is no e-mail address.",
  "/password": `A password has ${PASSWORD_LENGTH.least} to ${PASSWORD_LENGTH.most} characters.`,
  "/fullName": "A name has 1 to 200 characters.",
};

async function check(registration: Static<typeof Registration>): Promise<void> {
  const [error] = Value.Errors(Registration, registration);
  if (error !== undefined) throw new CreateAdminError(RULES[error.instancePath] ?? error.message);
  if (!Object.values(registration).every(isCleanText)) {
    throw new CreateAdminError("Control characters are not allowed.");
  }
  if (await isCommonPassword(registration.password)) {
    throw new CreateAdminError("That password is too common: it would be guessed.");
  }
}

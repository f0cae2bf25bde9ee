import { PASSWORD_LENGTH, Registration } from "@countinghouse/contracts";
import {
  createKysely,
  createLogger,
  createPool,
  type Env,
  isCleanText,
  loadConfig,
  type ProblemError,
} from "@countinghouse/service-kit";
import type { Static } from "typebox";
import { Value } from "typebox/value";
import { passwordSettings } from "./config.ts";
import { createPasswordPolicy, type PolicySettings } from "./password-policy.ts";
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
  /** Where what is asked of passwords is set; the usual is asked unless given. */
  readonly env?: Env;
}

/**
 * Registers an administrator by the rules of registration and gives the user's id. Never changes a
 * user who exists: throws a CreateAdminError for a taken e-mail, as for a value that breaks a rule.
 */
export async function createAdmin(admin: NewAdmin): Promise<string> {
  const { databaseUrl, email, password, fullName = "Administrator", env = {} } = admin;
  const settings = loadConfig("create-admin", passwordSettings, env);
  await check({ email, password, fullName }, settings);
  const pool = createPool(
    databaseUrl,
    "create-admin",
    createLogger("create-admin", { LOG_LEVEL: "silent" }),
  );
  const db = createKysely<Tables>(pool);
  try {
    const passwordHash = await createPasswords(settings).hash(password);
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

async function check(
  registration: Static<typeof Registration>,
  settings: PolicySettings,
): Promise<void> {
  const [error] = Value.Errors(Registration, registration);
  if (error !== undefined) throw new CreateAdminError(RULES[error.instancePath] ?? error.message);
  if (!Object.values(registration).every(isCleanText)) {
    throw new CreateAdminError("Control characters are not allowed.");
  }
  const { password, ...owner } = registration;
  const policy = createPasswordPolicy(settings);
  await policy.check(password, { ...owner, mfa: false }, "").catch((cause: unknown) => {
    const { code, errors = [] } = cause as ProblemError;
    const isWeak = code === "password_rejected";
    const sentence = isWeak ? "is too common: it would be guessed" : errors[0]?.message;
    throw new CreateAdminError(`That password ${sentence}.`);
  });
}

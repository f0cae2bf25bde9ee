import { createKysely, createLogger, createPool, loadConfig } from "@countinghouse/service-kit";
import { passwordSettings } from "./config.ts";
import { createPasswords } from "./passwords.ts";
import type { Tables } from "./tables.ts";
import { findByEmail, insertUser } from "./users.ts";

/** People of a bank that is made up, all with one password. */
export interface SeedUsers {
  /** Of auth's database, as the role of the service. */
  readonly databaseUrl: string;
  readonly people: readonly { readonly email: string; readonly fullName: string }[];
  readonly password: string;
}

/**
 * Registers people and gives the ids of their users, in their order; of those whose e-mail is taken
 * the user that has it. The password is hashed once for all of them: nobody is to guess it.
 */
export async function seedUsers({ databaseUrl, people, password }: SeedUsers): Promise<string[]> {
  const logger = createLogger("seed-users", { LOG_LEVEL: "silent" });
  const db = createKysely<Tables>(createPool(databaseUrl, "seed-users", logger));
  try {
    const settings = loadConfig("seed-users", passwordSettings, {});
    const passwordHash = await createPasswords(settings).hash(password);
    const ids: string[] = [];
    for (const person of people) {
      const id =
        (await insertUser(db, { ...person, passwordHash, roles: ["customer"] })) ??
        (await findByEmail(db, person.email))?.id;
      ids.push(id ?? "");
    }
    return ids;
  } finally {
    await db.destroy();
  }
}

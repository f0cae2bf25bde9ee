import { Email, FullName } from "@countinghouse/contracts";
import { createKysely, createLogger, createPool, isCleanText } from "@countinghouse/service-kit";
import Type, { type Static } from "typebox";
import { Value } from "typebox/value";
import { BCRYPT } from "./passwords.ts";
import type { Tables } from "./tables.ts";
import { insertUser } from "./users.ts";

const LINE_MAX = 10_000;
const ARGON2 =
  /^\$argon2id\$v=19\$m=\d{4,7},(t=\d{1,2},p=\d{1,2}|p=\d{1,2},t=\d{1,2})\$[\w+/]+\$[\w+/]+$/;

/** A customer of another system, as one line of JSON. */
const Imported = Type.Object(
  { email: Email, fullName: FullName, passwordHash: Type.String({ maxLength: 500 }) },
  { additionalProperties: false },
);

export interface ImportReport {
  readonly imported: number;
  /** The lines whose e-mail is registered already; they changed nothing. */
  readonly taken: readonly number[];
  /** The lines that are no customer, counted from 1; they changed nothing. */
  readonly refused: readonly number[];
}

/**
 * Registers customers of another system with the hashes that it had of their passwords (bcrypt or
 * argon2id). Each is hashed anew at its first login. Lines are told apart by their number, for what
 * is in them is nobody's business.
 */
export async function importUsers(
  databaseUrl: string,
  lines: AsyncIterable<string>,
): Promise<ImportReport> {
  const logger = createLogger("import-users", { LOG_LEVEL: "silent" });
  const db = createKysely<Tables>(createPool(databaseUrl, "import-users", logger));
  let [line, imported] = [0, 0];
  const [taken, refused]: [number[], number[]] = [[], []];
  try {
    for await (const text of lines) {
      line += 1;
      if (text.trim() === "") continue;
      const customer = read(text);
      if (customer === undefined) {
        refused.push(line);
        continue;
      }
      const id = await insertUser(db, { ...customer, roles: ["customer"] });
      if (id === undefined) taken.push(line);
      else imported += 1;
    }
    return { imported, taken, refused };
  } finally {
    await db.destroy();
  }
}

function read(text: string): Static<typeof Imported> | undefined {
  if (text.length > LINE_MAX) return undefined;
  try {
    const given: unknown = JSON.parse(text);
    if (!Value.Check(Imported, given)) return undefined;
    const isHash = BCRYPT.test(given.passwordHash) || ARGON2.test(given.passwordHash);
    return isHash && Object.values(given).every(isCleanText) ? given : undefined;
  } catch {
    return undefined;
  }
}

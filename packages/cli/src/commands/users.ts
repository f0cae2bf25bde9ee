import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import type { Command } from "commander";
import { CliError } from "../cli-error.ts";
import { urlFor } from "../databases.ts";
import { findServer } from "../running.ts";
import { adminMaker, userImporter } from "../services.ts";
import { readSettings } from "../settings.ts";

const LINES_SHOWN = 20;

/** `countinghouse users create-admin --email E`, the password on standard input. */
export function addUsers(program: Command): void {
  const users = program.command("users").description("people who use the system");
  users
    .command("create-admin")
    .description("make an administrator; the password is read from standard input")
    .requiredOption("--email <email>", "the e-mail to log in with")
    .action(async ({ email }: { email: string }) => {
      const server = findServer(readSettings(process.env));
      if (process.stdin.isTTY) process.stderr.write("Password: ");
      const [password = ""] = (await text(process.stdin)).split(/\r?\n/, 1);
      await createAdmin(urlFor(server, "countinghouse_auth", "auth"), email, password);
      process.stdout.write(`${email} is an administrator.\n`);
    });
  addImport(users);
}

/** `countinghouse users import`: customers of another system from standard input, a line each. */
function addImport(users: Command): void {
  users
    .command("import")
    .description("register customers with the bcrypt or argon2id hashes of another system")
    .action(async () => {
      const server = findServer(readSettings(process.env));
      const databaseUrl = urlFor(server, "countinghouse_auth", "auth");
      const importUsers = await userImporter();
      const lines = createInterface({ input: process.stdin, crlfDelay: Number.POSITIVE_INFINITY });
      const { imported, taken, refused } = await importUsers(databaseUrl, lines);
      const list = (numbers: readonly number[]) => numbers.slice(0, LINES_SHOWN).join(", ");
      process.stdout.write(`${imported} customers imported.\n`);
      if (taken.length > 0) process.stdout.write(`Registered already, line ${list(taken)}.\n`);
      if (refused.length === 0) return;
      throw new CliError(`${refused.length} lines are no customer: line ${list(refused)}.`);
    });
}

/** Makes an administrator. Throws a CliError that says why not. */
export async function createAdmin(
  databaseUrl: string,
  email: string,
  password: string,
): Promise<void> {
  const make = await adminMaker();
  try {
    await make({ databaseUrl, email, password, env: process.env });
  } catch (cause) {
    throw new CliError((cause as Error).message, { cause });
  }
}

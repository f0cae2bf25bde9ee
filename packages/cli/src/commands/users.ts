import { text } from "node:stream/consumers";
import type { Command } from "commander";
import { CliError } from "../cli-error.ts";
import { urlFor } from "../databases.ts";
import { findServer } from "../running.ts";
import { adminMaker } from "../services.ts";
import { readSettings } from "../settings.ts";

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
}

/** Makes an administrator. Throws a CliError that says why not. */
export async function createAdmin(
  databaseUrl: string,
  email: string,
  password: string,
): Promise<void> {
  const make = await adminMaker();
  try {
    await make({ databaseUrl, email, password });
  } catch (cause) {
    throw new CliError((cause as Error).message, { cause });
  }
}

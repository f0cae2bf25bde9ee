import { ConfigError } from "@countinghouse/service-kit";
import { Command } from "commander";
import { CliError } from "./cli-error.ts";
import { addDemo } from "./commands/demo.ts";
import { addEnv } from "./commands/env.ts";
import { addMigrate } from "./commands/migrate.ts";
import { addStart } from "./commands/start.ts";
import { addUsers } from "./commands/users.ts";

/** Runs the command line `countinghouse`. A failure that is the user's to mend is one sentence. */
export async function runProgram(argv: readonly string[]): Promise<void> {
  const program = new Command("countinghouse");
  program.description("an event-sourced bank core").showHelpAfterError();
  for (const add of [addStart, addDemo, addUsers, addMigrate, addEnv]) add(program);
  try {
    await program.parseAsync(argv);
  } catch (error) {
    const isExpected = error instanceof CliError || error instanceof ConfigError;
    const { message, stack } = error as Error;
    process.stderr.write(`${isExpected ? message : stack}\n`);
    process.exit(1);
  }
}

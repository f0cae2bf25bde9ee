import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ConfigError } from "@countinghouse/service-kit";
import { Command } from "commander";
import { CliError, reasonOf } from "./cli-error.ts";
import { addAudit } from "./commands/audit.ts";
import { addBench } from "./commands/bench.ts";
import { addDemo } from "./commands/demo.ts";
import { addDoctor } from "./commands/doctor.ts";
import { addEnv } from "./commands/env.ts";
import { addKeys } from "./commands/keys.ts";
import { addLedgers } from "./commands/ledgers.ts";
import { addMigrate } from "./commands/migrate.ts";
import { addProjections } from "./commands/projections.ts";
import { addSeed } from "./commands/seed.ts";
import { addStart } from "./commands/start.ts";
import { addTopics } from "./commands/topics.ts";
import { addUsers } from "./commands/users.ts";
import { addVerify } from "./commands/verify.ts";

const SETTINGS_FILE = join(import.meta.dirname, "../../../.env");

const COMMANDS = [
  ...[addStart, addDemo, addUsers, addLedgers, addMigrate, addEnv],
  ...[addTopics, addBench, addProjections, addAudit, addKeys, addDoctor, addSeed, addVerify],
];

/** Runs the command line `countinghouse`. A failure that is the user's to mend is one sentence. */
export async function runProgram(argv: readonly string[]): Promise<void> {
  const program = new Command("countinghouse");
  program.description("an event-sourced bank core").version(version()).showHelpAfterError();
  for (const add of COMMANDS) add(program);
  try {
    // What the environment says goes before what the file says.
    if (existsSync(SETTINGS_FILE)) process.loadEnvFile(SETTINGS_FILE);
    await program.parseAsync(argv);
  } catch (error) {
    process.stderr.write(`${sentenceOf(error as NodeJS.ErrnoException)}\n`);
    process.exit(1);
  }
}

function version(): string {
  const text = readFileSync(join(import.meta.dirname, "../package.json"), "utf8");
  return (JSON.parse(text) as { version: string }).version;
}

function sentenceOf(error: NodeJS.ErrnoException): string {
  if (error instanceof CliError || error instanceof ConfigError) return error.message;
  if (error.path !== undefined) return `${error.path} cannot be used: ${reasonOf(error)}.`;
  return error.stack ?? error.message;
}

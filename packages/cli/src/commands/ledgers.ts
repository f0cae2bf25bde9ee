import { createLedger, listLedgers } from "@countinghouse/event-store";
import type { Command } from "commander";
import { CliError } from "../cli-error.ts";
import { DATABASES, urlFor } from "../databases.ts";
import { findServer } from "../running.ts";
import { readSettings } from "../settings.ts";
import { tableOf } from "../start/steps.ts";

const NAME_MAX = 100;

/** `countinghouse ledgers list` and `countinghouse ledgers create --name N` */
export function addLedgers(program: Command): void {
  const ledgers = program.command("ledgers").description("the logs of this deployment");
  ledgers
    .command("list")
    .description("list the ledgers and how many events each has")
    .action(async () => {
      const rows = await listLedgers(ownerUrl());
      const lines = rows.map(({ ledger, name, position }) => {
        return [`${ledger} ${name}`, `${position} events`] as const;
      });
      process.stdout.write(`${tableOf(lines)}\n`);
    });
  ledgers
    .command("create")
    .description("begin a new, empty ledger under the next number")
    .requiredOption("--name <name>", "what people call it")
    .action(async ({ name }: { name: string }) => {
      if (name === "" || name.length > NAME_MAX) {
        throw new CliError(`A ledger's name has 1 to ${NAME_MAX} characters.`);
      }
      const { ledger } = await createLedger(ownerUrl(), name);
      process.stdout.write(`Ledger ${ledger}, ${name}, takes accounts now.\n`);
    });
}

function ownerUrl(): string {
  return urlFor(findServer(readSettings(process.env)), DATABASES.ledger.owner, "ledger");
}

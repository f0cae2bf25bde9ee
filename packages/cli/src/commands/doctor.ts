import type { Command } from "commander";
import { CliError } from "../cli-error.ts";
import { productionFaults } from "../doctor/faults.ts";
import { readSettings } from "../settings.ts";

/** What it cannot see, so that nobody takes its silence for a yes. */
const NOT_CHECKED = [
  "firewalls, and whether other machines reach the ports of the services",
  "encryption of disks, backups and their restoring",
  "alerts, and who hears them",
];

/** `countinghouse doctor [--production]` */
export function addDoctor(program: Command): void {
  program
    .command("doctor")
    .description("check the settings")
    .option("--production", "list what is not fit for production, a line each", false)
    .action(async ({ production }: { production: boolean }) => {
      // As it is before secrets are taken out of it.
      const env = { ...process.env };
      if (!production) {
        readSettings(env);
        process.stdout.write("The settings can be used.\n");
        return;
      }
      const faults = await productionFaults(env);
      process.stdout.write(faults.map((fault) => `${fault}\n`).join(""));
      process.stdout.write(NOT_CHECKED.map((what) => `not checked: ${what}\n`).join(""));
      if (faults.length === 0) return;
      throw new CliError(`${faults.length} not fit for production.`);
    });
}

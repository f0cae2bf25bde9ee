import type { Command } from "commander";
import { CliError } from "../cli-error.ts";
import { dataFolderAt, prepare } from "../data-folder.ts";
import { migrateAll } from "../migrate.ts";
import { provision, warningOf } from "../provision.ts";
import { readSettings } from "../settings.ts";
import { secretOf } from "../start/start.ts";

/** `countinghouse migrate` */
export function addMigrate(program: Command): void {
  program
    .command("migrate")
    .description("make the roles and databases of DATABASE_URL and bring them up to date")
    .action(async () => {
      const settings = readSettings(process.env);
      const adminUrl = settings.DATABASE_URL;
      if (adminUrl === undefined) throw new CliError("DATABASE_URL is not set.");
      const folder = dataFolderAt(settings.COUNTINGHOUSE_DATA);
      if (settings.SECRET_KEY === undefined) prepare(folder);
      const server = { adminUrl, secretKey: secretOf(settings, folder) };
      const warning = warningOf(await provision(server));
      if (warning !== undefined) process.stdout.write(`${warning}\n`);
      await migrateAll(server);
      process.stdout.write("The databases are up to date.\n");
    });
}

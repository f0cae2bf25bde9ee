import { existsSync, readFileSync } from "node:fs";
import { CliError } from "./cli-error.ts";
import { dataFolderAt } from "./data-folder.ts";
import type { DatabaseServer } from "./databases.ts";
import type { Settings } from "./settings.ts";
import { secretOf } from "./start/start.ts";

/**
 * The running system of the data folder: where it answers and which server it keeps its data on.
 */
export interface RunningSystem {
  readonly gatewayUrl: string;
  readonly server: DatabaseServer;
}

/** Throws a CliError when no system runs with this data folder. */
export function findRunning(settings: Settings): RunningSystem {
  const folder = dataFolderAt(settings.COUNTINGHOUSE_DATA);
  if (!existsSync(folder.running)) {
    throw new CliError(`No system is running with ${folder.path}; start one with: npm start`);
  }
  const { gatewayUrl, postgres } = JSON.parse(readFileSync(folder.running, "utf8")) as {
    gatewayUrl: string;
    postgres: string;
  };
  const adminUrl = settings.DATABASE_URL ?? `postgres://${postgres}/postgres`;
  return { gatewayUrl, server: { adminUrl, secretKey: secretOf(settings, folder) } };
}

/** The database server of these settings, be a system running or not. */
export function findServer(settings: Settings): DatabaseServer {
  const { DATABASE_URL: adminUrl } = settings;
  if (adminUrl === undefined) return findRunning(settings).server;
  return { adminUrl, secretKey: secretOf(settings, dataFolderAt(settings.COUNTINGHOUSE_DATA)) };
}

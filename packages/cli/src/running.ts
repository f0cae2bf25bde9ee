import { readFileSync } from "node:fs";
import { CliError } from "./cli-error.ts";
import { type DataFolder, dataFolderAt } from "./data-folder.ts";
import type { DatabaseServer } from "./databases.ts";
import type { InstanceName } from "./instances.ts";
import { isLocked } from "./lock.ts";
import type { Settings } from "./settings.ts";

/**
 * The running system of the data folder: where it answers and which server it keeps its data on.
 */
export interface RunningSystem {
  readonly gatewayUrl: string;
  readonly server: DatabaseServer;
  readonly services: Readonly<Record<InstanceName, { readonly url: string; readonly pid: number }>>;
}

/** Throws a CliError when no system runs with this data folder. */
export function findRunning(settings: Settings): RunningSystem {
  const folder = dataFolderAt(settings.COUNTINGHOUSE_DATA);
  const { gatewayUrl, postgres, services } = noteOf(folder);
  const password = folder.knownSecret("postgres-password") ?? "";
  const adminUrl = settings.DATABASE_URL ?? `postgres://postgres:${password}@${postgres}/postgres`;
  return { gatewayUrl, services, server: { adminUrl, secretKey: secretOf(settings, folder) } };
}

interface Note extends Pick<RunningSystem, "gatewayUrl" | "services"> {
  readonly postgres: string;
}

function noteOf(folder: DataFolder): Note {
  try {
    // What a killed system has noted is not so any more.
    if (isLocked(folder)) return JSON.parse(readFileSync(folder.running, "utf8"));
  } catch {
    // It is only starting.
  }
  throw new CliError(`No system is running with ${folder.path}; start one with: npm start`);
}

/** The secret that the system was started with; here none is made. */
function secretOf(settings: Settings, folder: DataFolder): string {
  const secretKey = settings.SECRET_KEY ?? folder.knownSecret("secret-key");
  if (secretKey !== undefined) return secretKey;
  throw new CliError("SECRET_KEY is not set; give the one that the system was started with.");
}

/** The database server of these settings, be a system running or not. */
export function findServer(settings: Settings): DatabaseServer {
  const { DATABASE_URL: adminUrl } = settings;
  if (adminUrl === undefined) return findRunning(settings).server;
  return { adminUrl, secretKey: secretOf(settings, dataFolderAt(settings.COUNTINGHOUSE_DATA)) };
}

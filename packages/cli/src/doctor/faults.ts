import { statSync } from "node:fs";
import { ConfigError, type Env } from "@countinghouse/service-kit";
import { dataFolderAt } from "../data-folder.ts";
import type { DatabaseServer } from "../databases.ts";
import { configReaderOf, SERVICE_NAMES } from "../services.ts";
import { readSettings, type Settings } from "../settings.ts";
import { environmentsOf, localPlaces } from "../start/environment.ts";
import { databaseFaults } from "./database.ts";

/** Each port only has to be one. */
const PORTS = { auth: 1, relay: 2, command: 3, query: 4, audit: 5, gateway: 6 } as const;
const OTHERS = 0o077;

/** What of these settings and what they name is not fit for production, each in one line. */
export async function productionFaults(env: Env): Promise<string[]> {
  const asProduction = { ...env, ENVIRONMENT: "production" };
  const faults: string[] = [];
  if (env.ENVIRONMENT !== "production") faults.push("ENVIRONMENT is not production");
  const settings = attempt(() => readSettings(asProduction), faults);
  if (settings === undefined) return faults;
  if (settings.SECRET_KEY === undefined) faults.push("SECRET_KEY is not set");
  for (const fault of await faultsOfServices(settings)) {
    if (!faults.includes(fault)) faults.push(fault);
  }
  return [...faults, ...ofSettings(settings), ...ofFiles(env), ...(await databaseFaults(settings))];
}

/** What the services would say, each to the settings that it would get. */
export async function faultsOfServices(settings: Settings): Promise<string[]> {
  const faults: string[] = [];
  const server: DatabaseServer = {
    adminUrl: settings.DATABASE_URL ?? "postgres://postgres@127.0.0.1/postgres",
    secretKey: settings.SECRET_KEY ?? "",
  };
  const { checkpoints } = dataFolderAt(settings.COUNTINGHOUSE_DATA);
  const places = localPlaces(settings, PORTS);
  const environments = environmentsOf({ settings, server, places, checkpoints });
  for (const name of SERVICE_NAMES) {
    const read = await configReaderOf(name);
    attempt(() => read(environments[name]), faults);
  }
  return faults;
}

function attempt<T>(read: () => T, faults: string[]): T | undefined {
  try {
    return read();
  } catch (error) {
    const problems = error instanceof ConfigError ? error.problems : [(error as Error).message];
    faults.push(...problems.filter((problem) => !faults.includes(problem)));
    return undefined;
  }
}

function ofSettings({ KAFKA_BROKERS, TOPIC_REPLICATION, DATABASE_URL }: Settings): string[] {
  const faults: string[] = [];
  if (DATABASE_URL === undefined) {
    faults.push("DATABASE_URL is not set: the embedded PostgreSQL is for trying things out");
  }
  if (KAFKA_BROKERS !== undefined && Number(TOPIC_REPLICATION ?? 1) < 3) {
    faults.push("TOPIC_REPLICATION is less than 3: events in topics can be lost with one broker");
  }
  return faults;
}

/** Of no secret. */
const OPEN_FILES = ["TLS_CERT_FILE", "LOG_FILE", "KAFKA_CA_FILE", "KAFKA_CERT_FILE"];

/** Files of secrets that others on this machine may read. */
function ofFiles(env: Env): string[] {
  const names = Object.keys(env).filter((name) => {
    return name.endsWith("_FILE") && !OPEN_FILES.includes(name);
  });
  const open = names.filter((name) => {
    const stat = statSync(env[name] ?? "", { throwIfNoEntry: false });
    return stat !== undefined && (stat.mode & OTHERS) !== 0;
  });
  return open.map((name) => `${name} may be read by others on this machine`);
}

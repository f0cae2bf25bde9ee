import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { CliError } from "../cli-error.ts";
import { type DataFolder, dataFolderAt, lock, prepare } from "../data-folder.ts";
import type { DatabaseServer } from "../databases.ts";
import { freePorts, refusalToListen } from "../free-ports.ts";
import { migrateAll } from "../migrate.ts";
import { startPostgres } from "../postgres/server.ts";
import { provision } from "../provision.ts";
import { SERVICE_NAMES, type Service } from "../services.ts";
import type { Settings } from "../settings.ts";
import { environmentsOf, localPlaces, type Places } from "./environment.ts";
import { type System, startInProcess } from "./in-process.ts";
import { startProcesses } from "./processes.ts";
import { createSteps, type Steps, tableOf } from "./steps.ts";

/** What runs after a start, and how to end it. */
export interface Started {
  readonly gatewayUrl: string;
  stop(): Promise<void>;
}

export interface StartOptions {
  readonly settings: Settings;
  readonly asProcesses: boolean;
  readonly out: NodeJS.WriteStream;
}

/**
 * Starts the whole system: the database server unless one is given, its roles, databases and
 * migrations, then the services. When a step fails, ends what the ones before it started and
 * throws.
 */
export async function start(options: StartOptions): Promise<Started> {
  const { settings, out } = options;
  const steps = createSteps(out);
  const folder = dataFolderAt(settings.COUNTINGHOUSE_DATA);
  const undo: (() => unknown)[] = [];
  const stop = async () => {
    for (const step of undo.splice(0).toReversed()) await step();
  };
  try {
    prepare(folder);
    undo.push(lock(folder));
    await checkPort(settings);
    const server = await databaseServer(settings, folder, steps, undo);
    const system = await startServices(options, server, folder, steps);
    undo.push(() => system.stop());
    writeRunning(folder, system, server, undo);
    steps.say(banner(settings, folder, system, server));
    return { gatewayUrl: system.gatewayUrl, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function checkPort({ HOST, PORT }: Settings): Promise<void> {
  const code = PORT === 0 ? undefined : await refusalToListen(HOST, PORT);
  if (code === undefined) return;
  if (code === "EADDRINUSE") {
    throw new CliError(`Port ${PORT} of ${HOST} is in use; set PORT to another one.`);
  }
  throw new CliError(`The gateway cannot listen on ${HOST}:${PORT} (${code}).`);
}

async function databaseServer(
  settings: Settings,
  folder: DataFolder,
  steps: Steps,
  undo: (() => unknown)[],
): Promise<DatabaseServer> {
  const secretKey = secretOf(settings, folder);
  let adminUrl = settings.DATABASE_URL;
  if (adminUrl === undefined) {
    const password = folder.secret("postgres-password");
    const log = join(folder.logs, "postgres.log");
    const postgres = await steps.run("PostgreSQL 18", async () => {
      return startPostgres(folder.postgres, password, log);
    });
    undo.push(() => postgres.stop());
    adminUrl = postgres.url;
  }
  const server = { adminUrl, secretKey };
  await steps.run("Databases", async () => {
    await provision(server);
    await migrateAll(server);
  });
  return server;
}

/** The secret that all keys come from. Outside production it is made where none is given. */
export function secretOf(settings: Settings, folder: DataFolder): string {
  if (settings.SECRET_KEY !== undefined) return settings.SECRET_KEY;
  if (settings.ENVIRONMENT === "production") {
    throw new CliError("SECRET_KEY is not set; in production it is not made by itself.");
  }
  return folder.secret("secret-key");
}

async function startServices(
  { settings, asProcesses }: StartOptions,
  server: DatabaseServer,
  folder: DataFolder,
  steps: Steps,
): Promise<System> {
  mkdirSync(folder.logs, { recursive: true });
  const places = await pickPlaces(settings);
  if (asProcesses) {
    const environments = environmentsOf({ settings, server, places });
    return steps.run(`${SERVICE_NAMES.length} services, a process each`, () => {
      return startProcesses(environments, folder.logs, steps.say);
    });
  }
  const logFile = join(folder.logs, "services.log");
  const environments = environmentsOf({ settings, server, places, logFile });
  return steps.run(`${SERVICE_NAMES.length} services`, () => startInProcess(environments));
}

async function pickPlaces(settings: Settings): Promise<Places> {
  const free = await freePorts(SERVICE_NAMES.length);
  const ports = Object.fromEntries(SERVICE_NAMES.map((name, i) => [name, free[i]]));
  return localPlaces(settings, { ...ports, gateway: settings.PORT } as Record<Service, number>);
}

function writeRunning(
  folder: DataFolder,
  { gatewayUrl }: System,
  { adminUrl }: DatabaseServer,
  undo: (() => unknown)[],
): void {
  const { host } = new URL(adminUrl);
  writeFileSync(folder.running, JSON.stringify({ pid: process.pid, gatewayUrl, postgres: host }));
  undo.push(() => rmSync(folder.running, { force: true }));
}

function banner(
  settings: Settings,
  folder: DataFolder,
  { gatewayUrl }: System,
  { adminUrl }: DatabaseServer,
): string {
  const isOwn = settings.DATABASE_URL === undefined;
  const docs = settings.ENVIRONMENT === "production" ? "not in production" : `${gatewayUrl}/docs`;
  const elsewhere = settings.COUNTINGHOUSE_DATA === ".countinghouse" ? "" : "COUNTINGHOUSE_DATA=… ";
  return tableOf([
    ["Gateway", gatewayUrl],
    ["Docs", docs],
    ["Data", folder.path],
    ["PostgreSQL", `${new URL(adminUrl).host}${isOwn ? ", embedded" : ""}`],
    ["Kafka", settings.KAFKA_BROKERS ?? "not set: services follow the log over HTTP"],
    ["Try", `${elsewhere}npm run -s countinghouse -- demo`],
    ["Stop", "Ctrl-C"],
  ]);
}

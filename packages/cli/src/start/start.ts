import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { ConfigError } from "@countinghouse/service-kit";
import { CliError } from "../cli-error.ts";
import { type DataFolder, dataFolderAt, prepare } from "../data-folder.ts";
import type { DatabaseServer } from "../databases.ts";
import { faultsOfServices } from "../doctor/faults.ts";
import { freePorts, refusalToListen } from "../free-ports.ts";
import {
  type InstanceName,
  type Instances,
  instanceNames,
  moreOf,
  serviceOf,
} from "../instances.ts";
import { lock } from "../lock.ts";
import { migrateAll } from "../migrate.ts";
import { keepPostgres } from "../postgres/keep.ts";
import { provision, warningOf } from "../provision.ts";
import { SERVICE_NAMES, type Service } from "../services.ts";
import type { Settings } from "../settings.ts";
import {
  environmentsOf,
  type Further,
  instanceEnvironments,
  localPlaces,
  type Places,
} from "./environment.ts";
import { type System, startInProcess } from "./in-process.ts";
import { startProcesses } from "./processes.ts";
import { createSteps, type Steps, tableOf } from "./steps.ts";
import { createTeardown, type Teardown } from "./teardown.ts";

/** How long the services of a killed start may take to see that and to let go of the port. */
const LEFT_OVER_PATIENCE_MS = 9_000;
const PORT_POLL_MS = 100;

/** What runs after a start, and how to end it. */
export interface Started {
  readonly gatewayUrl: string;
  stop(): Promise<void>;
}

export interface StartOptions {
  readonly settings: Settings;
  readonly asProcesses: boolean;
  /** Of processes; one of each unless said. */
  readonly instances?: Instances;
  readonly out: NodeJS.WriteStream;
  /** Says to start no further. */
  readonly signal: AbortSignal;
}

/**
 * Starts the whole system: the database server unless one is given, its roles, databases and
 * migrations, then the services. When a step fails, or `signal` says to stop, ends what the ones
 * before it started and throws.
 */
export async function start(options: StartOptions): Promise<Started> {
  const { settings, out, signal } = options;
  const steps = createSteps(out, signal);
  const folder = dataFolderAt(settings.COUNTINGHOUSE_DATA);
  const teardown = createTeardown();
  try {
    await checkProduction(settings);
    prepare(folder);
    teardown.add(lock(folder));
    const wasKilled = existsSync(folder.running);
    await checkPort(settings, wasKilled ? LEFT_OVER_PATIENCE_MS : 0);
    const server = await databaseServer(settings, folder, steps, teardown);
    const system = await startServices(options, server, folder, steps);
    teardown.add(() => system.stop());
    signal.throwIfAborted();
    writeRunning(folder, system, server, teardown);
    steps.say(banner(settings, folder, system, server));
    return { gatewayUrl: system.gatewayUrl, stop: () => teardown.run() };
  } catch (error) {
    await teardown.run().catch(() => {});
    throw error;
  }
}

/** In production what a service would refuse is told before anything is made. */
async function checkProduction(settings: Settings): Promise<void> {
  if (settings.ENVIRONMENT !== "production" || settings.SECRET_KEY === undefined) return;
  const faults = await faultsOfServices(settings);
  if (faults.length > 0) throw new ConfigError("countinghouse", faults);
}

async function checkPort({ HOST, PORT }: Settings, patienceMs: number): Promise<void> {
  const until = Date.now() + patienceMs;
  let code = PORT === 0 ? undefined : await refusalToListen(HOST, PORT);
  while (code === "EADDRINUSE" && Date.now() < until) {
    await delay(PORT_POLL_MS);
    code = await refusalToListen(HOST, PORT);
  }
  if (code === undefined) return;
  if (code === "EADDRINUSE") {
    throw new CliError(`Port ${PORT} of ${HOST} is in use; set PORT to another one.`);
  }
  throw new CliError(`The gateway cannot listen on ${HOST}:${PORT} (${code}).`);
}

/** The server of these settings, its roles and databases made; our own when none is given. */
export async function databaseServer(
  settings: Settings,
  folder: DataFolder,
  steps: Steps,
  teardown: Teardown,
  suffix?: string,
): Promise<DatabaseServer & { readonly pid?: () => number }> {
  const secretKey = secretOf(settings, folder);
  let adminUrl = settings.DATABASE_URL;
  let pid: (() => number) | undefined;
  if (adminUrl === undefined) {
    const password = folder.secret("postgres-password");
    const log = join(folder.logs, "postgres.log");
    const postgres = await steps.run("PostgreSQL 18", async () => {
      return keepPostgres(folder.postgres, password, log, steps.say);
    });
    teardown.add(() => postgres.stop());
    [adminUrl, pid] = [postgres.url, postgres.pid];
  }
  const server = {
    ...{ adminUrl, secretKey },
    ...(pid !== undefined && { pid }),
    ...(suffix !== undefined && { suffix }),
  };
  await steps.run("Databases", async () => {
    const warning = warningOf(await provision(server));
    if (warning !== undefined) steps.say(warning);
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
  { settings, asProcesses, instances = {}, signal }: StartOptions,
  server: DatabaseServer,
  folder: DataFolder,
  steps: Steps,
): Promise<System> {
  mkdirSync(folder.logs, { recursive: true });
  const places = await pickPlaces(settings);
  const { checkpoints } = folder;
  if (asProcesses) {
    const names = instanceNames(instances);
    const further = await placesOfFurther(settings, instances);
    const first = environmentsOf({ settings, server, places, further, checkpoints });
    const environments = instanceEnvironments(first, further);
    const more = further.length === 0 ? "a process each" : `${names.length} processes`;
    return steps.run(`${SERVICE_NAMES.length} services, ${more}`, () => {
      return startProcesses(environments, folder.logs, steps.say, signal, names);
    });
  }
  const logFile = join(folder.logs, "services.log");
  const environments = environmentsOf({ settings, server, places, checkpoints, logFile });
  return steps.run(`${SERVICE_NAMES.length} services`, () => {
    return startInProcess(environments, logFile);
  });
}

/** A free port for each service, the gateway's as the settings say. */
export async function pickPlaces(settings: Settings): Promise<Places> {
  const free = await freePorts(SERVICE_NAMES.length);
  const ports = Object.fromEntries(SERVICE_NAMES.map((name, i) => [name, free[i]]));
  // A free port is picked here and not by the gateway, which keeps it when it is started again.
  const gateway = settings.PORT === 0 ? ports.gateway : settings.PORT;
  return localPlaces(settings, { ...ports, gateway } as Record<Service, number>);
}

/** Each on a free port; a gateway where the first one is. */
async function placesOfFurther({ HOST }: Settings, instances: Instances): Promise<Further[]> {
  const names = SERVICE_NAMES.flatMap((service) => moreOf(service, instances));
  const ports = await freePorts(names.length);
  return names.map((name, i) => {
    const port = ports[i] ?? 0;
    const host = serviceOf(name) === "gateway" ? HOST : "127.0.0.1";
    return { name, place: { host, port, url: `http://127.0.0.1:${port}` } };
  });
}

function writeRunning(
  folder: DataFolder,
  { gatewayUrl, urls, pidOf }: System,
  { adminUrl }: DatabaseServer,
  teardown: Teardown,
): void {
  const { host: postgres } = new URL(adminUrl);
  const services = Object.entries(urls).map(([name, url]) => {
    return [name, { url, pid: pidOf(name as InstanceName) }];
  });
  const note = { pid: process.pid, gatewayUrl, postgres, services: Object.fromEntries(services) };
  writeFileSync(folder.running, JSON.stringify(note));
  teardown.add(() => rmSync(folder.running, { force: true }));
}

function banner(
  settings: Settings,
  folder: DataFolder,
  { gatewayUrl, urls }: System,
  { adminUrl }: DatabaseServer,
): string {
  const gateways = Object.entries(urls).flatMap(([name, url]): [string, string][] => {
    return name.startsWith("gateway-") && url !== undefined
      ? [[name.replace("gateway-", "Gateway "), url]]
      : [];
  });
  const isOwn = settings.DATABASE_URL === undefined;
  const docs = settings.ENVIRONMENT === "production" ? "not in production" : `${gatewayUrl}/docs`;
  const data = settings.COUNTINGHOUSE_DATA;
  const elsewhere = data === ".countinghouse" ? "" : `COUNTINGHOUSE_DATA=${data} `;
  return tableOf([
    ["Gateway", gatewayUrl],
    ...gateways,
    ["Docs", docs],
    ["Data", folder.path],
    ["PostgreSQL", `${new URL(adminUrl).host}${isOwn ? ", embedded" : ""}`],
    ["Kafka", settings.KAFKA_BROKERS ?? "not set: services follow the log over HTTP"],
    ["Try", `${elsewhere}npm run -s countinghouse -- demo`],
    ["Stop", "Ctrl-C"],
  ]);
}

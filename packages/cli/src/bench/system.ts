import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { type DataFolder, dataFolderAt, prepare } from "../data-folder.ts";
import { type DatabaseServer, urlFor } from "../databases.ts";
import { dropDatabases } from "../provision.ts";
import { findRunning } from "../running.ts";
import { type Service, topicsRemover } from "../services.ts";
import type { Settings } from "../settings.ts";
import { environmentsOf, topicsEnv } from "../start/environment.ts";
import type { System } from "../start/in-process.ts";
import { startProcesses } from "../start/processes.ts";
import { databaseServer, pickPlaces, secretOf } from "../start/start.ts";
import { createSteps } from "../start/steps.ts";
import { createTeardown } from "../start/teardown.ts";
import { untilSealed } from "./sealed.ts";
import type { Doors } from "./world.ts";

/** A system under measurement: each service a process of its own. */
export interface BenchSystem {
  readonly server: DatabaseServer;
  readonly urls: Readonly<Record<Service, string>>;
  readonly ledgerUrl: string;
  /** Further command services on the same log. */
  readonly moreCommands: readonly string[];
  /** Starts one more command service, where the system is ours. */
  addCommand(): Promise<void>;
  /** The process of a service, or of the database server when it is ours. */
  pidOf(name: Service | "postgres"): number | undefined;
  /** Has the services that only read at work, or not. A running system stays as it is. */
  setReadSide(isAtWork: boolean): Promise<void>;
  /** Has the audit at work, with all of the log sealed, or not. A running system stays as it is. */
  setAudit(isAtWork: boolean): Promise<void>;
  stop(): Promise<void>;
}

/** Where to knock at a system. */
export function doorsOf({ urls, server }: BenchSystem): Doors & { readonly queryUrl: string } {
  const { gateway: gatewayUrl, command: commandUrl, query: queryUrl } = urls;
  return { gatewayUrl, commandUrl, queryUrl, secretKey: server.secretKey };
}

const WRITE_SIDE: readonly Service[] = ["auth", "command", "gateway"];
const READ_SIDE: readonly Service[] = ["relay", "query"];
const AUDIT_SIDE: readonly Service[] = ["relay", "audit"];
const NO_LIMITS = {
  RATE_LIMIT_ADDRESS: "0",
  RATE_LIMIT_USER: "0",
  RATE_LIMIT_LOGIN: "0",
  RATE_LIMIT_REGISTER: "0",
};

/**
 * Starts a system for a benchmark in a folder of its own, which is removed afterwards; on the
 * server of DATABASE_URL when that is set, in databases of its own.
 */
export async function startForBench(
  settings: Settings,
  out: NodeJS.WriteStream,
  signal: AbortSignal,
  profileFolder: string | undefined,
): Promise<BenchSystem> {
  const data = dataFolderAt(settings.COUNTINGHOUSE_DATA);
  prepare(data);
  // On a given server the roles are those of the bank that may be there, and so is the secret.
  const SECRET_KEY = secretOf(settings, data);
  const ENVIRONMENT = "development" as const;
  // The topics of the bank that may be there are not for these events.
  const TOPIC_PREFIX = `countinghouse-bench-${process.pid}`;
  const own = { ...settings, ...NO_LIMITS, SECRET_KEY, ENVIRONMENT, TOPIC_PREFIX, PORT: 0 };
  const folder = dataFolderAt(join(data.path, `bench-${process.pid}`));
  const [steps, teardown] = [createSteps(out, signal), createTeardown()];
  teardown.add(() => rmSync(folder.path, { recursive: true, force: true }));
  try {
    prepare(folder);
    mkdirSync(folder.logs, { recursive: true });
    const suffix = own.DATABASE_URL && `_bench_${process.pid}`;
    const server = await databaseServer(own, folder, steps, teardown, suffix);
    if (suffix !== undefined) teardown.add(() => dropDatabases(server));
    if (own.KAFKA_BROKERS !== undefined) {
      teardown.add(async () => (await topicsRemover())(topicsEnv(own)));
    }
    const places = await pickPlaces(own);
    const parts = { settings: own, server, places, checkpoints: folder.checkpoints };
    const environments = profiled(environmentsOf(parts), profileFolder);
    const pids = new Map<Service, () => number | undefined>();
    const launch = async (names: readonly Service[]) => {
      const system = await startProcesses(environments, folder.logs, steps.say, signal, names);
      teardown.add(() => system.stop());
      for (const name of names) pids.set(name, () => system.pidOf(name));
      return system;
    };
    const ledgerUrl = urlFor(server, "countinghouse_command", "ledger");
    await steps.run("The write side, a process each", () => launch(WRITE_SIDE));
    const moreCommands: string[] = [];
    const addCommand = async () => {
      const [logs, env] = [logsOf(folder, moreCommands.length + 2), anyPort(environments)];
      const { urls, stop } = await startProcesses(env, logs, steps.say, signal, ["command"]);
      teardown.add(stop);
      moreCommands.push(urls.command ?? "");
    };
    const names = Object.keys(places) as Service[];
    return {
      server,
      urls: Object.fromEntries(names.map((name) => [name, places[name].url])) as never,
      ledgerUrl,
      pidOf: (name) => (name === "postgres" ? server.pid?.() : pids.get(name)?.()),
      ...{ moreCommands, addCommand },
      setReadSide: atWorkOrNot(() => launch(READ_SIDE)),
      setAudit: atWorkOrNot(async () => {
        const audit = await launch(AUDIT_SIDE);
        await untilSealed(ledgerUrl, places.audit.url, server.secretKey);
        return audit;
      }),
      stop: () => teardown.run(),
    };
  } catch (error) {
    await teardown.run().catch(() => {});
    throw error;
  }
}

/** Starts services when they are to be at work, and ends them when they are not. */
function atWorkOrNot(begin: () => Promise<System>): (isAtWork: boolean) => Promise<void> {
  let running: System | undefined;
  return async (isAtWork) => {
    if (isAtWork) running ??= await begin();
    else await running?.stop();
    if (!isAtWork) running = undefined;
  };
}

function anyPort(environments: Environments): Environments {
  return { ...environments, command: { ...environments.command, PORT: "0" } };
}

/** Where the command service of this number has its log. */
function logsOf({ logs }: DataFolder, number: number): string {
  const path = join(logs, `command-${number}`);
  mkdirSync(path, { recursive: true });
  return path;
}

type Environments = ReturnType<typeof environmentsOf>;

/** The same services, each writing a processor profile into the folder when it ends. */
function profiled(environments: Environments, folder: string | undefined): Environments {
  if (folder === undefined) return environments;
  const withProfiles = Object.entries(environments).map(([name, env]) => {
    const flags = `--cpu-prof --cpu-prof-dir=${folder} --cpu-prof-name=${name}.cpuprofile`;
    return [name, { ...env, NODE_OPTIONS: flags }];
  });
  return Object.fromEntries(withProfiles);
}

/** The system that runs with this data folder. Throws a CliError when none does. */
export function useRunning(settings: Settings): BenchSystem {
  const { server, services } = findRunning(settings);
  const urls = Object.entries(services).map(([name, { url }]) => [name, url]);
  return {
    server,
    urls: Object.fromEntries(urls),
    ledgerUrl: urlFor(server, "countinghouse_command", "ledger"),
    pidOf: (name) => (name === "postgres" ? undefined : services[name].pid),
    moreCommands: [],
    addCommand: async () => {},
    setReadSide: async () => {},
    setAudit: async () => {},
    stop: async () => {},
  };
}

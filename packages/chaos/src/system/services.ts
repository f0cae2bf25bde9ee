import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import {
  environmentsOf,
  type Further,
  freePorts,
  type InstanceName,
  instanceEnvironments,
  localPlaces,
  readSettings,
  SERVICE_NAMES,
  type Service,
  startProcesses,
} from "@countinghouse/cli";
import { type Reached, type Wires, wired } from "./wires.ts";

const CLOCK = pathToFileURL(join(import.meta.dirname, "shifted-clock.ts")).href;

/** What of the services runs. */
export interface Shape {
  /** Two of command, relay, query and gateway, not one. */
  readonly twins: boolean;
}

/** The processes of the bank, each started again when it dies. `command-2` is a second command. */
export interface Services {
  readonly names: readonly string[];
  pidOf(name: string): number;
  /** Where a process answers, past all wires. */
  urlOf(name: string): string;
  /** Moves the clock of a process, or of all, against the machine's. */
  shiftClock(ms: number, name?: string): void;
  stop(): Promise<void>;
}

interface Ground {
  readonly folder: string;
  readonly logs: string;
  readonly server: { readonly adminUrl: string; readonly secretKey: string };
  readonly postgresPort: number;
  readonly kafkaBrokers: string | undefined;
  readonly topicPrefix: string;
  readonly wires: Wires;
  readonly shape: Shape;
  readonly say: (line: string) => void;
}

/** Starts them with a wire in every way between two of them, and to the database. */
export async function openServices(ground: Ground): Promise<Services> {
  const { folder, shape, say } = ground;
  const environments = await wiredEnvironments(ground);
  const clockOf = (name: string) => join(folder, `clock-${name}`);
  const systems = new Map<string, Awaited<ReturnType<typeof startProcesses>>>();
  const launch = async (names: InstanceName[], suffix: string) => {
    const logs = join(ground.logs, `of${suffix}`);
    mkdirSync(logs, { recursive: true });
    const envs = names.map((name) => {
      const own = environments.get(name + suffix) ?? {};
      writeFileSync(clockOf(name + suffix), "0");
      const clock = { CHAOS_CLOCK: clockOf(name + suffix), NODE_OPTIONS: `--import=${CLOCK}` };
      return [name, { ...own, ...clock }];
    });
    const never = new AbortController().signal;
    const started = await startProcesses(Object.fromEntries(envs), logs, say, never, names);
    for (const name of names) systems.set(name + suffix, started);
    return started;
  };
  const first: InstanceName[] = [...SERVICE_NAMES];
  if (shape.twins) first.push("query-2", "gateway-2");
  const groups = [await launch(first, "")];
  if (shape.twins) groups.push(await launch(["command", "relay"], "-2"));
  const bare = (name: string) => (/^(command|relay)-2$/.test(name) ? name.slice(0, -2) : name);
  const names = [...systems.keys()];
  return {
    names,
    pidOf: (name) => systems.get(name)?.pidOf(bare(name) as InstanceName) ?? 0,
    urlOf: (name) => systems.get(name)?.urls[bare(name) as InstanceName] ?? "",
    shiftClock(ms, only) {
      const moved = only === undefined ? names : [only];
      for (const name of moved) writeFileSync(clockOf(name), String(ms));
    },
    async stop() {
      for (const group of groups.toReversed()) await group.stop();
    },
  };
}

type Environments = Map<string, Record<string, string | undefined>>;

async function wiredEnvironments(ground: Ground): Promise<Environments> {
  const { shape, wires, server, folder, postgresPort } = ground;
  const settings = readSettings(settingsOf(ground));
  const free = await freePorts(SERVICE_NAMES.length + 4);
  const numbers = SERVICE_NAMES.map((name, i) => [name, free[i]]);
  const ports = Object.fromEntries(numbers) as Record<Service, number>;
  const [query2 = 0, gateway2 = 0, command2 = 0, relay2 = 0] = free.slice(SERVICE_NAMES.length);
  const more = (port: number) => (shape.twins ? [port] : []);
  const behind: Reached[] = [
    { name: "postgres", ports: [postgresPort] },
    { name: "auth", ports: [ports.auth] },
    { name: "audit", ports: [ports.audit] },
    { name: "relay", ports: [ports.relay, ...more(relay2)] },
    { name: "command", ports: [ports.command, ...more(command2)] },
    { name: "query", ports: [ports.query] },
    { name: "query-2", ports: [query2] },
  ];
  const places = new Map(behind.map((place) => [place.ports[0] ?? 0, place]));
  const further: Further[] = shape.twins
    ? [furtherOf("query-2", query2), furtherOf("gateway-2", gateway2)]
    : [];
  const checkpoints = join(folder, "checkpoints");
  const local = localPlaces(settings, ports);
  const first = environmentsOf({ settings, server, places: local, further, checkpoints });
  const all: Record<string, Record<string, string | undefined>> = {
    ...instanceEnvironments(first, further),
    ...(shape.twins && {
      "command-2": { ...first.command, PORT: String(command2) },
      "relay-2": { ...first.relay, PORT: String(relay2) },
    }),
  };
  const environments: Environments = new Map();
  for (const [name, env] of Object.entries(all)) {
    environments.set(name, await wired(name, env, places, wires));
  }
  await wires.add("clients>gateway", [ports.gateway, ...more(gateway2)]);
  return environments;
}

function furtherOf(name: InstanceName, port: number): Further {
  return { name, place: { host: "127.0.0.1", port, url: `http://127.0.0.1:${port}` } };
}

function settingsOf({ server, kafkaBrokers, topicPrefix, folder }: Ground) {
  return {
    ...{ PORT: "0", ENVIRONMENT: "development", LOG_LEVEL: "warn", SECRET_KEY: server.secretKey },
    ...{ RATE_LIMIT_ADDRESS: "0", RATE_LIMIT_USER: "0" },
    ...{ RATE_LIMIT_LOGIN: "0", RATE_LIMIT_REGISTER: "0" },
    COUNTINGHOUSE_DATA: folder,
    ...(kafkaBrokers !== undefined && {
      ...{ KAFKA_BROKERS: kafkaBrokers, TOPIC_PREFIX: topicPrefix, TOPIC_REPLICATION: "3" },
    }),
  };
}

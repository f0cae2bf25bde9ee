import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { type Env, loadConfig, type RunningService } from "@countinghouse/service-kit";
import type { ProjectionsTool } from "./projections/tool.ts";
import type { History } from "./seed/desk.ts";

const ROOT = resolve(import.meta.dirname, "../../..");

/** The services, in the order in which they can start; they end the other way round. */
export const SERVICE_NAMES = ["auth", "relay", "command", "query", "audit", "gateway"] as const;
export type Service = (typeof SERVICE_NAMES)[number];

/** The entry of a service, for a process of its own. */
export function entryOf(service: Service): string {
  return join(ROOT, "services", service, "src", "main.ts");
}

/**
 * The `start` of a service, to run it in this process. A service is a program, not a dependency.
 */
export async function starterOf(service: Service): Promise<(env: Env) => Promise<RunningService>> {
  return (await import(pathToFileURL(entryOf(service)).href)).start;
}

/** The `migrate` of a service. */
export async function migrationOf(service: Service): Promise<(url: string) => Promise<void>> {
  const path = join(ROOT, "services", service, "src", "migrate.ts");
  return (await import(pathToFileURL(path).href)).migrate;
}

/** What makes an administrator in auth's database. */
export async function adminMaker(): Promise<
  (request: { databaseUrl: string; email: string; password: string; env: Env }) => Promise<unknown>
> {
  const path = join(ROOT, "services", "auth", "src", "create-admin.ts");
  return (await import(pathToFileURL(path).href)).createAdmin;
}

/** What rebuilds, compares and exchanges the read tables. */
export async function projectionsTool(): Promise<ProjectionsTool> {
  const path = join(ROOT, "services", "query", "src", "operate.ts");
  return await import(pathToFileURL(path).href);
}

/** What looks after the topics that the relay fills. */
export async function topicsKeeper(): Promise<
  (
    env: Env,
    creates: boolean,
  ) => Promise<
    readonly {
      topic: string;
      differences: readonly { setting: string; wanted: string; found: string }[];
    }[]
  >
> {
  const path = join(ROOT, "services", "relay", "src", "topics.ts");
  return (await import(pathToFileURL(path).href)).lookAfterTopics;
}

interface PublishedEvent {
  readonly partition: number;
  readonly accountId: string;
  readonly eventId: string | undefined;
  readonly version: number;
  readonly data: string;
}

/** What reads the topic that the relay fills, from its beginning to its end. */
export async function topicReader(): Promise<
  (
    env: Env,
    onEvent: (event: PublishedEvent) => void,
    onProgress: (done: number, all: number) => void,
  ) => Promise<void>
> {
  const path = join(ROOT, "services", "relay", "src", "topics.ts");
  return (await import(pathToFileURL(path).href)).readPublished;
}

/** What removes the topics of a benchmark. */
export async function topicsRemover(): Promise<(env: Env) => Promise<void>> {
  const path = join(ROOT, "services", "relay", "src", "topics.ts");
  return (await import(pathToFileURL(path).href)).removeTopics;
}

interface ImportReport {
  readonly imported: number;
  readonly taken: readonly number[];
  readonly refused: readonly number[];
}

/** What brings customers of another system into auth's database. */
export async function userImporter(): Promise<
  (databaseUrl: string, lines: AsyncIterable<string>) => Promise<ImportReport>
> {
  const path = join(ROOT, "services", "auth", "src", "import-users.ts");
  return (await import(pathToFileURL(path).href)).importUsers;
}

interface TokenKey {
  readonly kid: string;
  readonly algorithm: string;
  readonly state: string;
  readonly madeAt: Date;
  readonly usedFrom: Date | undefined;
  readonly until: Date | undefined;
}

/** What looks after the keys of access tokens. */
export async function keyKeeper(): Promise<{
  rotateTokenKeys(request: {
    databaseUrl: string;
    env: Env;
    compromised: boolean;
  }): Promise<string>;
  listTokenKeys(request: { databaseUrl: string; env: Env }): Promise<TokenKey[]>;
}> {
  const path = join(ROOT, "services", "auth", "src", "keys.ts");
  return await import(pathToFileURL(path).href);
}

/** What reads the settings of a service. Throws a ConfigError. */
export async function configReaderOf(service: Service): Promise<(env: Env) => unknown> {
  const path = join(ROOT, "services", service, "src", "config.ts");
  const module = await import(pathToFileURL(path).href);
  return module.readConfig ?? ((env: Env) => loadConfig(service, module.configSchema, env));
}

/** What registers the people of a town that is made up. */
export async function userSeeder(): Promise<
  (request: {
    databaseUrl: string;
    people: readonly { email: string; fullName: string }[];
    password: string;
  }) => Promise<string[]>
> {
  const path = join(ROOT, "services", "auth", "src", "seed-users.ts");
  return (await import(pathToFileURL(path).href)).seedUsers;
}

/** What runs the routes of commands at times of the past. */
export async function historyOpener(): Promise<
  (options: { ownerUrl: string; timeZone: string; ledger: number }) => Promise<History>
> {
  const path = join(ROOT, "services", "command", "src", "history.ts");
  return (await import(pathToFileURL(path).href)).openHistory;
}

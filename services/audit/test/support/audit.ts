import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Role } from "@countinghouse/contracts";
import {
  createInnerSigner,
  ed25519FromSeed,
  ed25519PublicKey,
  type RunningService,
} from "@countinghouse/service-kit";
import { createDatabases, type TestDatabases } from "@countinghouse/testing";
import {
  type Checkpoint,
  openCheckpoint,
  parseVerifierKey,
  type VerifierKey,
} from "@countinghouse/transparency";
import pg from "pg";
import { afterAll, expect, vi } from "vitest";
import { start } from "../../src/main.ts";
import { type StubLog, type StubRelay, stubRelay } from "./stub-relay.ts";

const SEED = randomBytes(32);
const PUBLIC_KEYS = JSON.stringify({ gateway: ed25519PublicKey(ed25519FromSeed(SEED)) });
const POLL = { timeout: 10_000, interval: 10 };
const NONE = () => undefined;

async function until(isSo: () => Promise<boolean>, what: string): Promise<void> {
  await vi.waitFor(async () => expect(await isSo(), what).toBe(true), POLL);
}

export interface Answer {
  readonly status: number;
  readonly type: string | null;
  readonly bytes: Buffer;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: a test asserts what a body is.
  readonly body: any;
}

export type Get = (path: string, headers?: Record<string, string>) => Promise<Answer>;

/** The audit over logs in memory, with a database and a folder of its own. */
export interface TestAudit {
  readonly relay: StubRelay;
  readonly folder: string;
  readonly auditor: Get;
  readonly as: (userId: string, ...roles: Role[]) => Get;
  /** The verifier key of a ledger. */
  key(ledger?: number): Promise<VerifierKey>;
  /** The newest checkpoint, its signature verified. */
  checkpoint(ledger?: number): Promise<Checkpoint>;
  /** The first checkpoint of at least so many events. */
  checkpointOf(size: number, ledger?: number): Promise<Checkpoint>;
  /** Resolves once a line of the metrics begins so, and has a text in it. */
  alarm(metric: string, text?: string): Promise<void>;
  /** The alarms that are raised. */
  alarms(): Promise<string[]>;
  stop(): Promise<void>;
  restart(settings?: Record<string, string>): Promise<void>;
  /** A second process of the same service; the caller closes it. */
  another(settings?: Record<string, string>): Promise<RunningService>;
  /** The sizes of all checkpoints that are stored, but that of the empty tree. */
  signed(ledger?: number): Promise<number[]>;
  /** Runs SQL in the service's database with the rights of a superuser, triggers off. */
  tamper(sql: string): Promise<void>;
  /** All rows of the database, to be put back later. */
  backUp(): Promise<() => Promise<void>>;
  close(): Promise<void>;
}

const idle: TestDatabases[] = [];
const made: TestDatabases[] = [];
afterAll(async () => {
  for (const databases of made) await databases.drop();
});

export async function openAudit(...logs: StubLog[]): Promise<TestAudit> {
  const databases = idle.pop() ?? (await createDatabases());
  if (!made.includes(databases)) made.push(databases);
  const admin = new pg.Client(databases.adminUrl("audit"));
  await admin.connect();
  await admin.query("SET session_replication_role = replica");
  await admin.query(`TRUNCATE ${TABLES.map((table) => `audit.${table}`).join(", ")}`);
  const relay = await stubRelay(...logs);
  const folder = mkdtempSync(join(tmpdir(), "countinghouse-audit-"));
  const env = {
    ...{ ENVIRONMENT: "test", LOG_LEVEL: "silent", INNER_PUBLIC_KEYS: PUBLIC_KEYS },
    DATABASE_URL: databases.urlOf("audit", "countinghouse_audit"),
    RELAY_URL: relay.url,
    INNER_PRIVATE_KEY: SEED.toString("base64url"),
    CHECKPOINT_KEY: Buffer.alloc(32, 5).toString("base64url"),
    CHECKPOINT_FOLDER: join(folder, "checkpoints"),
  };
  let service: RunningService | undefined = await start(env);
  const get = (path: string, headers: Record<string, string>) => ask(service?.url, path, headers);
  const as = (userId: string, ...roles: Role[]): Get => {
    return (path, headers) => get(path, { ...headers, ...tokenOf(userId, roles) });
  };
  const auditor = as("44444444-4444-4444-8444-444444444444", "auditor");
  const key = async (ledger = 1) => {
    return parseVerifierKey((await auditor(`/v1/audit/key?ledger=${ledger}`)).text.trimEnd());
  };
  const checkpoint = async (ledger = 1) => {
    const { text } = await auditor(`/v1/audit/checkpoint?ledger=${ledger}`);
    return openCheckpoint(text, [await key(ledger)]);
  };
  return {
    ...{ relay, folder, auditor, as, key, checkpoint },
    async checkpointOf(size, ledger) {
      const isThere = async () => ((await checkpoint(ledger).catch(NONE))?.size ?? -1) >= size;
      await until(isThere, `no checkpoint of ${size} events`);
      return checkpoint(ledger);
    },
    alarms: () => alarmsOf(service),
    async alarm(metric, text = "") {
      const isIt = (line: string) => line.startsWith(metric) && line.includes(text);
      await until(async () => (await alarmsOf(service)).some(isIt), metric);
    },
    async stop() {
      await service?.close();
      service = undefined;
    },
    async restart(settings = {}) {
      await service?.close();
      service = await start({ ...env, ...settings });
    },
    another: (settings = {}) => start({ ...env, ...settings }),
    signed: (ledger = 1) => signed(admin, ledger),
    tamper: async (sql) => void (await admin.query(sql)),
    backUp: () => backUp(admin),
    async close() {
      await service?.close();
      await relay.close();
      await admin.end();
      idle.push(databases);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function alarmsOf(service: RunningService | undefined): Promise<string[]> {
  const { text } = await ask(service?.internalUrl, "/metrics", {});
  return text.split("\n").filter((line) => /^audit_(refused|log_|witness_).*[1-9]\d*$/.test(line));
}

async function signed(admin: pg.Client, ledger: number): Promise<number[]> {
  const { rows } = await admin.query<{ size: string }>(
    "SELECT size FROM audit.checkpoints WHERE ledger = $1 AND size > 0 ORDER BY size",
    [ledger],
  );
  return rows.map(({ size }) => Number(size));
}

const TABLES = [
  ...["trees", "tiles", "bundles", "tail", "checkpoints"],
  ...["checkpoint_cursors", "cosignatures"],
];

async function backUp(admin: pg.Client): Promise<() => Promise<void>> {
  for (const table of TABLES) {
    await admin.query(`DROP TABLE IF EXISTS pg_temp.saved_${table}`);
    await admin.query(`CREATE TEMP TABLE saved_${table} AS SELECT * FROM audit.${table}`);
  }
  return async () => {
    await admin.query(`TRUNCATE ${TABLES.map((table) => `audit.${table}`).join(", ")}`);
    for (const table of TABLES) {
      await admin.query(`INSERT INTO audit.${table} SELECT * FROM saved_${table}`);
    }
  };
}

function tokenOf(userId: string, roles: readonly Role[]): { authorization: string } {
  const signer = createInnerSigner("gateway", SEED.toString("base64url"));
  const sessionId = "66666666-6666-4666-8666-666666666666";
  return { authorization: `Bearer ${signer.forUser("audit", { userId, sessionId, roles })}` };
}

async function ask(
  url: string | undefined,
  path: string,
  headers: Record<string, string>,
): Promise<Answer> {
  const response = await fetch(url + path, { headers });
  const bytes = Buffer.from(await response.arrayBuffer());
  const type = response.headers.get("content-type");
  const text = bytes.toString();
  const body = type?.includes("json") ? JSON.parse(text) : undefined;
  return { status: response.status, type, bytes, text, body };
}

import { createLogReader } from "@countinghouse/event-store";
import { deriveKey } from "@countinghouse/service-kit";
import {
  type Checkpoint,
  createNoteSigner,
  openCheckpoint,
  parseCheckpoint,
} from "@countinghouse/transparency";
import pg from "pg";
import { CliError } from "../cli-error.ts";
import { type DatabaseName, type DatabaseServer, urlFor } from "../databases.ts";
import { topicReader } from "../services.ts";
import type { Settings } from "../settings.ts";
import { checkpointKey, topicsEnv } from "../start/environment.ts";
import { type Check, Faults, type LogCheck } from "./check.ts";
import {
  checkHistories,
  checkTopic,
  checkTree,
  digestWith,
  type PublishedAccount,
} from "./follower-checks.ts";
import { checkFold, checkKeptStates, checkPositions, type KeptStream } from "./log-checks.ts";
import { readShown } from "./read-tables.ts";

const PAGE_EVENTS = 5_000;
const CONNECT_TIMEOUT_MS = 5_000;

/** What a verification has come to. */
export interface Verification {
  readonly holds: boolean;
  readonly events: number;
  readonly checks: readonly Check[];
  /** Parts that were not looked at, and why. */
  readonly notRun: readonly string[];
}

export interface VerifyOptions {
  readonly settings: Settings;
  readonly server: DatabaseServer;
  readonly onProgress: (phase: string, done: number, all: number) => void;
}

/**
 * Checks a system, running or not: what follows the log first, and then the log itself, which has
 * at least all that its followers have. Throws a CliError when a part is out of reach.
 */
export async function verifySystem(options: VerifyOptions): Promise<Verification> {
  const { server, settings, onProgress } = options;
  onProgress("read tables", 0, 1);
  const shown = await withClient(server, "countinghouse_projector", "query", readShown);
  const kept = await withClient(server, "countinghouse_command", "ledger", readKept);
  const { checkpoints, check: signatures } = await readCheckpoints(options);
  const checks: LogCheck[] = [
    checkFold(shown.accounts),
    checkKeptStates(kept),
    checkHistories(shown.histories),
    checkTree(checkpoints),
  ];
  const notRun: string[] = [];
  if (settings.KAFKA_BROKERS === undefined) notRun.push("Kafka: KAFKA_BROKERS is not set");
  else checks.push(await topicCheck(options));
  const walked = await walk(server, checks, onProgress);
  const all = [...walked.checks, ...shown.checks, signatures].sort(byArea);
  return {
    holds: all.every(({ wrong }) => wrong === 0),
    events: walked.events,
    checks: all,
    notRun,
  };
}

const AREAS: readonly Check["area"][] = ["log", "read tables", "tree", "Kafka"];

function byArea(a: Check, b: Check): number {
  return AREAS.indexOf(a.area) - AREAS.indexOf(b.area);
}

async function walk(
  server: DatabaseServer,
  checks: readonly LogCheck[],
  onProgress: VerifyOptions["onProgress"],
): Promise<{ events: number; checks: readonly Check[] }> {
  const pool = new pg.Pool({
    connectionString: urlFor(server, "countinghouse_relay", "ledger"),
    max: 1,
  });
  pool.on("error", () => undefined);
  try {
    const reader = createLogReader(pool);
    const heads = await reader.heads();
    const total = heads.reduce((sum, { position }) => sum + position, 0);
    const all = [
      checkPositions(new Map(heads.map(({ ledger, position }) => [ledger, position]))),
      ...checks,
    ];
    let events = 0;
    for (const { ledger, position: head } of heads) {
      for (let after = 0; after < head; ) {
        const limit = Math.min(PAGE_EVENTS, head - after);
        const page = await reader.read({ ledger, after, upTo: head, limit });
        for (const event of page) for (const check of all) check.take(event);
        events += page.length;
        onProgress("log", events, total);
        const last = page.at(-1)?.position;
        // What is missing at the end is told by the check of positions.
        if (last === undefined) break;
        after = last;
      }
    }
    const now = new Date();
    return { events, checks: all.flatMap((check) => check.finish(now)) };
  } finally {
    await pool.end();
  }
}

async function readKept(client: pg.Client): Promise<KeptStream[]> {
  const { rows } = await client.query<KeptStream>(
    `SELECT stream_id AS "streamId", version,
            CASE category WHEN 'account' THEN state ->> 'balance' END AS balance
       FROM ledger.streams`,
  );
  return rows;
}

async function readCheckpoints({ server, settings }: VerifyOptions) {
  const faults = new Faults();
  const key = checkpointKey(settings, server.secretKey);
  const notes = await withClient(server, "countinghouse_audit", "audit", async (client) => {
    const { rows } = await client.query<{ ledger: number; note: string }>(
      `SELECT DISTINCT ON (ledger) ledger, note FROM audit.checkpoints ORDER BY ledger, size DESC`,
    );
    return rows;
  });
  const checkpoints = new Map<number, Checkpoint>();
  for (const { ledger, note } of notes) {
    try {
      const { origin } = parseCheckpoint(note);
      const seed = deriveKey(key, `checkpoint:${ledger}`);
      checkpoints.set(ledger, openCheckpoint(note, [createNoteSigner(origin, seed).key]));
    } catch (error) {
      faults.add(`ledger ${ledger}: ${(error as Error).message}`);
    }
  }
  const rule = "checkpoints are signed by the key of this bank";
  return { checkpoints, check: faults.check("tree", rule, `${notes.length} ledgers`) };
}

async function topicCheck({ settings, onProgress }: VerifyOptions): Promise<LogCheck> {
  const faults = new Faults();
  const published = new Map<string, PublishedAccount>();
  const homes = new Map<string, number>();
  const read = await topicReader();
  try {
    await read(
      topicsEnv(settings),
      ({ partition, accountId, eventId, version, data }) => {
        const account = published.get(accountId) ?? { version: 0, digest: "" };
        published.set(accountId, account);
        const home = homes.get(accountId) ?? partition;
        homes.set(accountId, home);
        if (home !== partition) faults.add(`account ${accountId} is in two partitions`);
        // What comes again is dropped by whoever reads.
        if (version <= account.version) return;
        if (version > account.version + 1) {
          faults.add(`account ${accountId}: ${version} comes after ${account.version}`);
        }
        account.version = version;
        account.digest = digestWith(account.digest, eventId, data);
      },
      (done, all) => onProgress("Kafka", done, all),
    );
  } catch (cause) {
    const { message } = cause as Error;
    throw new CliError(`The topic cannot be read: ${message}`, { cause });
  }
  return checkTopic(published, faults);
}

async function withClient<T>(
  server: DatabaseServer,
  role: string,
  database: DatabaseName,
  work: (client: pg.Client) => Promise<T>,
): Promise<T> {
  const client = new pg.Client({
    connectionString: urlFor(server, role, database),
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    // Roles of services give up sooner than a look at everything takes.
    options: "-c statement_timeout=0",
  });
  client.on("error", () => undefined);
  try {
    await client.connect();
    return await work(client);
  } catch (cause) {
    const { message } = cause as Error;
    throw new CliError(`The database ${database} cannot be read: ${message}`, { cause });
  } finally {
    await client.end().catch(() => undefined);
  }
}

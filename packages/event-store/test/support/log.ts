import { randomUUID } from "node:crypto";
import { createDatabases, type TestDatabases } from "@countinghouse/testing";
import pg from "pg";
import type { LogReader, StreamChange } from "../../src/index.ts";
import {
  createEventStore,
  createLogReader,
  type Decision,
  type EventStore,
} from "../../src/index.ts";

/** A log of its own on real PostgreSQL, seen by each of its roles. */
export interface TestLog {
  readonly databases: TestDatabases;
  readonly store: EventStore;
  readonly reader: LogReader;
  readonly command: pg.Pool;
  readonly relay: pg.Pool;
  readonly owner: pg.Pool;
  close(): Promise<void>;
}

export async function openLog(): Promise<TestLog> {
  const databases = await createDatabases();
  const open = (connectionString: string) => {
    const pool = new pg.Pool({ connectionString, max: 12 });
    pool.on("error", () => {});
    return pool;
  };
  const command = open(databases.urlOf("ledger", "countinghouse_command"));
  const relay = open(databases.urlOf("ledger", "countinghouse_relay"));
  const owner = open(databases.ownerUrl("ledger"));
  return {
    ...{ databases, command, relay, owner },
    store: createEventStore(command),
    reader: createLogReader(relay),
    async close() {
      for (const pool of [command, relay, owner]) await pool.end();
      await databases.drop();
    },
  };
}

const USER = randomUUID();
const cause = { actor: { userId: USER, roles: ["customer" as const] }, correlationId: "c" };

/** Some events for a stream that is at this version. */
export function change(
  streamId: string,
  expectedVersion: number,
  more: Partial<StreamChange> & { count?: number; type?: string } = {},
): StreamChange {
  const { count = 1, type = "Happened", ...rest } = more;
  const events = Array.from({ length: count }, (_, i) => {
    return { type, schemaVersion: 1, data: { nth: expectedVersion + i + 1, text: "ž 🐎" } };
  });
  const state = { version: expectedVersion + count };
  const base = { ledger: 1, streamId, category: "account", expectedVersion, events };
  return { ...base, state, stateSchema: 1, ...rest };
}

/** A decision with these changes, under a key of its own unless one is given. */
export function decision(changes: StreamChange[], more: Partial<Decision> = {}, key?: string) {
  const answer = {
    scope: USER,
    key: key ?? randomUUID(),
    request: '{"method":"POST"}',
    status: 201,
    response: '{"b":1,  "a":"ž"}',
    token: "token",
  };
  return { ledger: 1, reads: [], changes, cause, answer, ...more } satisfies Decision;
}

/** The events of a stream, by version and position. */
export async function eventsOf(log: TestLog, streamId: string): Promise<[number, number][]> {
  const sql =
    "SELECT version, position::int FROM ledger.events WHERE stream_id = $1 ORDER BY version";
  const { rows } = await log.owner.query(sql, [streamId]);
  return rows.map(({ version, position }) => [version, position]);
}

export async function headOf(log: TestLog, ledger = 1): Promise<number> {
  const { rows } = await log.owner.query(
    "SELECT position::int FROM ledger.log_head WHERE ledger_id = $1",
    [ledger],
  );
  return rows[0].position;
}

import { Kysely, PostgresDialect, sql } from "kysely";
import type pg from "pg";
import { createAnnouncements } from "./announcements.ts";
import { appendToLedger } from "./append.ts";
import { isRefusal, NotDurableError, named } from "./errors.ts";
import { findOrigin, findOverdueHolds } from "./holds.ts";
import { createLease, createMarks } from "./leases.ts";
import type {
  AnswerKey,
  AnswerRecord,
  Decision,
  EventStore,
  JsonObject,
  LogSession,
  NewEvent,
  StoredStream,
  StreamRef,
} from "./port.ts";
import { isSettled, savingsOf } from "./savings.ts";
import type { Tables } from "./tables.ts";

type Queryable = Pick<pg.ClientBase, "query">;

/** The log in PostgreSQL, for the command role. */
export function createEventStore(pool: pg.Pool): EventStore {
  return storeOn(pool, appendToLedger);
}

/**
 * The log as its owner role fills an empty ledger with what has happened before there was a log:
 * events are recorded at the times that `at` gives. Appending throws a HistoryError where the log
 * has later events, and for a time to come.
 */
export function createHistoryStore(pool: pg.Pool, at: () => Date): EventStore {
  return storeOn(pool, (...call) => appendToLedger(...call, at()));
}

function storeOn(pool: pg.Pool, append: Append): EventStore {
  const db = new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) });
  return {
    announce: createAnnouncements(pool),
    append: (decisions) => appendDecisions(pool, decisions, append),
    load: (refs) => load(pool, refs),
    locked: (ledgers, work) => locked(pool, ledgers, append, work),
    findAnswers: (keys) => findAnswers(pool, keys),
    eventsOf: (ref) => eventsOf(pool, ref),
    findEvent: (ref, version) => findEvent(pool, ref, version),
    findTransfer: (ledger, transferId) => findTransfer(db, ledger, transferId),
    findOrigin: (ledger, id) => findOrigin(pool, ledger, id),
    findOverdueHolds: (...slice) => findOverdueHolds(pool, ...slice),
    lease: createLease(pool),
    marks: createMarks(pool),
    isSettled: (moment) => isSettled(pool, moment),
    savings: (slice) => savingsOf(pool, slice),
    async ledgers() {
      const rows = await db.selectFrom("ledger.log_head").select("ledger_id").execute();
      return rows.map(({ ledger_id }) => ledger_id).sort((a, b) => a - b);
    },
    async ledgerExists(ledger) {
      const found = await db
        .selectFrom("ledger.log_head")
        .select("ledger_id")
        .where("ledger_id", "=", ledger)
        .executeTakeFirst();
      return found !== undefined;
    },
  };
}

/**
 * Throws a NotDurableError when a setting of the server would let an acknowledged commit get lost
 * in a crash.
 */
export async function assertDurable(pool: pg.Pool): Promise<void> {
  for (const setting of ["fsync", "full_page_writes", "synchronous_commit"]) {
    const { rows } = await pool.query("SELECT current_setting($1) AS value", [setting]);
    if (rows[0].value === "off") throw new NotDurableError(`the server runs with ${setting} = off`);
  }
}

type Append = (client: Queryable, ledger: number, decisions: readonly Decision[]) => Promise<void>;

async function appendDecisions(
  pool: pg.Pool,
  decisions: readonly Decision[],
  append: Append,
): Promise<void> {
  const ledgers = ledgersOf(decisions);
  const [only] = ledgers;
  if (only === undefined) return;
  if (ledgers.length === 1) {
    return withClient(pool, (client) => append(client, only, decisions));
  }
  // All heads before the first key: a writer that has one head and waits for a key would block one
  // that has the key and waits for the head.
  return locked(pool, ledgers, append, (session) => session.append(decisions));
}

async function appendInOrder(
  client: pg.PoolClient,
  decisions: readonly Decision[],
  append: Append,
): Promise<void> {
  for (const ledger of ledgersOf(decisions)) await append(client, ledger, decisions);
}

/** The ledgers that decisions touch or keep their answer in, in the order of locking. */
function ledgersOf(decisions: readonly Decision[]): number[] {
  const all = decisions.flatMap(({ ledger, reads, changes }) => {
    return [ledger, ...[...reads, ...changes].map((ref) => ref.ledger)];
  });
  return [...new Set(all)].sort((a, b) => a - b);
}

async function locked<T>(
  pool: pg.Pool,
  ledgers: readonly number[],
  append: Append,
  work: (session: LogSession) => Promise<T>,
): Promise<T> {
  return transaction(pool, async (client) => {
    const heads = new Map<number, number>();
    for (const ledger of [...new Set(ledgers)].sort((a, b) => a - b)) {
      heads.set(ledger, await lockHead(client, ledger));
    }
    return work({
      heads,
      append: (decisions) => appendInOrder(client, decisions, append),
      load: (refs) => load(client, refs),
      eventsOf: (ref) => eventsOf(client, ref),
    });
  });
}

async function lockHead(client: pg.PoolClient, ledger: number): Promise<number> {
  try {
    const { rows } = await client.query("SELECT ledger.lock_head($1) AS position", [ledger]);
    return Number(rows[0].position);
  } catch (error) {
    throw named(error);
  }
}

/**
 * Work on a connection of the pool, which keeps it when a statement is refused: `pool.query` closes
 * it after any error, and each conflict would cost a new connection with new plans.
 */
async function withClient<T>(
  pool: pg.Pool,
  work: (client: pg.PoolClient) => Promise<T>,
): Promise<T> {
  const client = await pool.connect();
  let broken: Error | undefined;
  try {
    return await work(client);
  } catch (error) {
    if (!isRefusal(error)) broken = error as Error;
    throw error;
  } finally {
    client.release(broken);
  }
}

async function transaction<T>(
  pool: pg.Pool,
  work: (client: pg.PoolClient) => Promise<T>,
): Promise<T> {
  const client = await pool.connect();
  let broken: Error | undefined;
  try {
    await client.query("BEGIN");
    const result = await work(client);
    const { command } = await client.query("COMMIT");
    if (command !== "COMMIT") throw new Error(`the commit ended as ${command}`);
    return result;
  } catch (error) {
    await client.query("ROLLBACK").catch((cause: Error) => {
      broken = cause;
    });
    throw error;
  } finally {
    client.release(broken);
  }
}

// Planned anew each time: a plan kept from when the tables were small reads all of them for ever.
const LOAD = {
  text: `SELECT s.stream_id, s.category, s.version, s.state, s.state_schema
           FROM unnest($1::int[], $2::uuid[]) AS wanted (ledger_id, stream_id)
           JOIN ledger.streams s USING (ledger_id, stream_id)`,
};

async function load(
  client: Queryable,
  refs: readonly StreamRef[],
): Promise<Map<string, StoredStream>> {
  const values = [refs.map(({ ledger }) => ledger), refs.map(({ streamId }) => streamId)];
  const { rows } = await client.query({ ...LOAD, values });
  return new Map(
    rows.map(({ stream_id, category, version, state, state_schema }) => {
      return [stream_id, { category, version, state, stateSchema: state_schema }];
    }),
  );
}

const FIND_ANSWERS = {
  text: `SELECT scope, key, i.request::text, i.status, i.response::text, i.token
           FROM unnest($1::text[], $2::text[]) AS wanted (scope, key)
           JOIN ledger.idempotency i USING (scope, key)`,
};

async function findAnswers(pool: pg.Pool, keys: readonly AnswerKey[]): Promise<AnswerRecord[]> {
  const values = [keys.map(({ scope }) => scope), keys.map(({ key }) => key)];
  const { rows } = await pool.query<AnswerRecord>({ ...FIND_ANSWERS, values });
  return rows;
}

const EVENTS_OF = {
  name: "events_of",
  text: `SELECT type, schema_version, data FROM ledger.events
          WHERE ledger_id = $1 AND stream_id = $2 ORDER BY version`,
};

async function eventsOf(client: Queryable, { ledger, streamId }: StreamRef): Promise<NewEvent[]> {
  const { rows } = await client.query({ ...EVENTS_OF, values: [ledger, streamId] });
  return rows.map(asEvent);
}

const FIND_EVENT = {
  name: "find_event",
  text: `SELECT type, schema_version, data FROM ledger.events
          WHERE ledger_id = $1 AND stream_id = $2 AND version = $3`,
};

async function findEvent(
  pool: pg.Pool,
  { ledger, streamId }: StreamRef,
  version: number,
): Promise<NewEvent | undefined> {
  const { rows } = await pool.query({ ...FIND_EVENT, values: [ledger, streamId, version] });
  return rows.map(asEvent)[0];
}

async function findTransfer(
  db: Kysely<Tables>,
  ledger: number,
  transferId: string,
): Promise<NewEvent | undefined> {
  const row = await db
    .selectFrom("ledger.events")
    .select(["type", "schema_version", "data"])
    .where("ledger_id", "=", ledger)
    .where(sql<string>`data ->> 'transferId'`, "=", transferId)
    .where(sql<boolean>`type IN ('TransferSent', 'ReversalSent')`)
    .executeTakeFirst();
  return row && asEvent(row);
}

function asEvent(row: { type: string; schema_version: number; data: unknown }): NewEvent {
  return { type: row.type, schemaVersion: row.schema_version, data: row.data as JsonObject };
}

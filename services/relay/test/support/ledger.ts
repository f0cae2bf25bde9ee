import { randomUUID } from "node:crypto";
import { createEventStore, type EventStore, type StreamChange } from "@countinghouse/event-store";
import { createDatabases } from "@countinghouse/testing";
import pg from "pg";

/** A log, and the hand that writes into it. */
export interface Ledger {
  /** As the relay's role. */
  readonly relayUrl: string;
  /** As the owner of the tables, to look behind the relay. */
  readonly owner: pg.Pool;
  /** Opens an account, or any other stream: its first event. */
  open(ledger?: number, category?: string): Promise<string>;
  /** Appends so many events to a stream, in one commit. */
  deposit(streamId: string, count?: number, reference?: string): Promise<void>;
  addLedger(ledger: number): Promise<void>;
  close(): Promise<void>;
}

interface Stream {
  readonly ledger: number;
  readonly category: string;
  version: number;
}

const CAUSE = {
  actor: { userId: randomUUID(), roles: ["customer" as const] },
  correlationId: randomUUID(),
};

export async function createLedger(): Promise<Ledger> {
  const databases = await createDatabases();
  const pool = poolOf(databases.urlOf("ledger", "countinghouse_command"));
  const owner = poolOf(databases.ownerUrl("ledger"));
  const store = createEventStore(pool);
  const streams = new Map<string, Stream>();
  return {
    relayUrl: databases.urlOf("ledger", "countinghouse_relay"),
    owner,
    async open(ledger = 1, category = "account") {
      const streamId = randomUUID();
      streams.set(streamId, { ledger, category, version: 0 });
      const type = category === "account" ? "AccountOpened" : "TransferReversed";
      await append(store, streams, streamId, [{ type, data: { name: 'Übung\n"1"' } }]);
      return streamId;
    },
    async deposit(streamId, count = 1, reference = "rent") {
      const events = Array.from({ length: count }, () => ({
        type: "MoneyDeposited",
        data: { ...posting(), reference },
      }));
      await append(store, streams, streamId, events);
    },
    async addLedger(ledger) {
      await owner.query("INSERT INTO ledger.log_head (ledger_id, name) VALUES ($1, 'another')", [
        ledger,
      ]);
    },
    async close() {
      await pool.end();
      await owner.end();
      await databases.drop();
    },
  };
}

function poolOf(connectionString: string): pg.Pool {
  const pool = new pg.Pool({ connectionString, max: 4 });
  pool.on("error", () => undefined);
  return pool;
}

function posting(): Readonly<Record<string, unknown>> {
  const amount = { currency: "EUR", value: "1.00" };
  return { amount, balanceAfter: amount, direction: "credit", transactionId: randomUUID() };
}

async function append(
  store: EventStore,
  streams: ReadonlyMap<string, Stream>,
  streamId: string,
  events: readonly { type: string; data: Readonly<Record<string, unknown>> }[],
): Promise<void> {
  const stream = streams.get(streamId) as Stream;
  const { ledger, category, version } = stream;
  const change: StreamChange = {
    ...{ ledger, streamId, category },
    expectedVersion: version,
    events: events.map((event) => ({ ...event, schemaVersion: 1 })),
    state: {},
    stateSchema: 1,
  };
  await store.append([
    {
      ledger,
      reads: [{ ledger, streamId, version }],
      changes: [change],
      cause: CAUSE,
      answer: {
        ...{ scope: "test", key: randomUUID(), request: "{}" },
        ...{ status: 201, response: "{}", token: "none" },
      },
    },
  ]);
  stream.version += events.length;
}

import type { EventBatch } from "@countinghouse/bus";
import type { Envelope } from "@countinghouse/contracts";
import { createKysely, createLogger, createPool } from "@countinghouse/service-kit";
import { createProjector, type Projector } from "../../src/projector/projector.ts";
import type { ProjectorObserver } from "../../src/projector/report.ts";
import { type Database, READ_SCHEMA, type Tables } from "../../src/tables.ts";
import { freshDatabase, type TestDatabase } from "./database.ts";
import { FakeLog } from "./fake-log.ts";

/** What the projector told whoever observes it. */
export interface Told {
  readonly versions: Map<string, number>;
  parked: number;
  repeated: number;
}

/** A projector on a database of its own, behind a log in memory. */
export interface Projecting {
  readonly database: TestDatabase;
  readonly log: FakeLog;
  readonly projector: Projector;
  /** As the role that writes. */
  readonly db: Database;
  readonly told: Told;
  readonly lines: Record<string, unknown>[];
  /** Applies all that is new in the log. */
  catchUp(): Promise<void>;
  apply(...events: Envelope[]): Promise<void>;
  end(): Promise<void>;
}

export async function projecting(observer?: Partial<ProjectorObserver>): Promise<Projecting> {
  const database = await freshDatabase();
  const log = new FakeLog();
  const lines: Record<string, unknown>[] = [];
  const logger = createLogger(
    "query",
    { LOG_LEVEL: "warn" },
    { write: (line) => lines.push(JSON.parse(line)) },
  );
  const db = createKysely<Tables>(createPool(database.projector, "query", logger));
  const told: Told = { versions: new Map(), parked: 0, repeated: 0 };
  const inSchema = db.withSchema(READ_SCHEMA);
  const projector = createProjector({
    announces: true,
    db: inSchema,
    log,
    logger,
    observer: {
      applied(versions) {
        for (const [id, version] of versions) told.versions.set(id, version);
        observer?.applied?.(versions);
      },
      followed: (...args) => observer?.followed?.(...args),
      parked: (accounts) => {
        told.parked += accounts;
      },
      repeated: (events) => {
        told.repeated += events;
      },
    },
  });
  let position = 0;
  return {
    ...{ database, log, projector, db: inSchema, told, lines },
    async catchUp() {
      const events = log.since(position);
      position = events.at(-1)?.position ?? position;
      await projector.apply(batchOf("log:1", events, position));
    },
    apply: (...events) => {
      const last = events.at(-1)?.position ?? 0;
      return projector.apply(batchOf("log:1", events, last));
    },
    async end() {
      await db.destroy();
      database.release();
    },
  };
}

export function batchOf(source: string, events: readonly Envelope[], next: number): EventBatch {
  return { source, events, unreadable: [], next: BigInt(next) };
}

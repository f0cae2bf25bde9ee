import { createKysely, createPool, type Logger } from "@countinghouse/service-kit";
import pg from "pg";
import { createProjector, type Projector } from "../projector/projector.ts";
import { type Database, READ_SCHEMA, type Tables } from "../tables.ts";
import type { LogPages } from "./log-pages.ts";

/** What an operator's tool works on the read tables with. */
export interface RebuildDeps {
  /** As the owner of the database of read tables. */
  readonly ownerUrl: string;
  /** As the role that writes the read tables. */
  readonly projectorUrl: string;
  readonly log: LogPages;
  readonly logger: Logger;
}

const NAME = "rebuild";
const APPLICATION = "countinghouse-rebuild";
/** Others finish their batch within this, or the tool gives up. */
const LOCK_TIMEOUT = "10s";

/** Read tables of one schema, and a projector of their own. */
export interface Followed {
  readonly db: Database;
  readonly projector: Projector;
}

/** Works on the read tables of a schema as the role that writes them. */
export async function withTables<T>(
  { projectorUrl, log, logger }: RebuildDeps,
  schema: string,
  work: (tables: Followed) => Promise<T>,
): Promise<T> {
  const db = createKysely<Tables>(createPool(projectorUrl, NAME, logger, { max: 2 }));
  const inSchema = db.withSchema(schema);
  const observer = { applied: ignore, followed: ignore, parked: ignore, repeated: ignore };
  const announces = schema === READ_SCHEMA;
  const projector = createProjector({ db: inSchema, log, logger, observer, announces });
  try {
    return await work({ db: inSchema, projector });
  } finally {
    await db.destroy();
  }
}

function ignore(): void {}

/** Works on a connection that no time limit of a role cuts off. */
export async function connected<T>(
  connectionString: string,
  work: (client: pg.Client) => Promise<T>,
): Promise<T> {
  const client = new pg.Client({ connectionString, application_name: APPLICATION });
  await client.connect();
  try {
    await client.query("SET statement_timeout = 0");
    await client.query("SET idle_in_transaction_session_timeout = 0");
    return await work(client);
  } finally {
    await client.end();
  }
}

/**
 * Works in a transaction of the owner while nobody writes to the live tables; they are read all the
 * same. Those who write wait, so it should not take long.
 */
export function whileNobodyWrites<T>(
  { ownerUrl }: RebuildDeps,
  work: (owner: pg.Client) => Promise<T>,
): Promise<T> {
  return connected(ownerUrl, async (owner) => {
    await owner.query("BEGIN");
    await owner.query(`SET LOCAL lock_timeout = '${LOCK_TIMEOUT}'`);
    await owner.query(`LOCK TABLE ${READ_SCHEMA}.cursors IN SHARE ROW EXCLUSIVE MODE`);
    const result = await work(owner);
    await owner.query("COMMIT");
    return result;
  });
}

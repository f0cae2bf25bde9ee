import { createHash } from "node:crypto";
import {
  type CompiledQuery,
  type DatabaseConnection,
  Kysely,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
} from "kysely";
import type pg from "pg";
import { READ_SCHEMA, type Tables, type Tx } from "./tables.ts";

/** Statements that a connection keeps parsed; further ones are parsed each time. */
const NAMES_MAX = 200;
/** "cached plan must not change result type": a table of the statement has other columns now. */
const OUTDATED = "0A000";

/** The names under which connections keep statements parsed, the same on all of them. */
export interface StatementNames {
  /** Undefined when there are too many. */
  of(text: string): string | undefined;
  /** Gives every statement another name, so that all are parsed again. */
  renew(): void;
}

export function createStatementNames(): StatementNames {
  let generation = 0;
  const names = new Map<string, string>();
  return {
    of(text) {
      const known = names.get(text);
      if (known !== undefined || names.size >= NAMES_MAX) return known;
      // By what it says: two who read over one connection mean the same by a name.
      const name = `${generation}.${createHash("sha256").update(text).digest("base64url")}`;
      names.set(text, name);
      return name;
    },
    renew() {
      generation += 1;
      names.clear();
    },
  };
}

/** Whether a statement was parsed before its tables changed. */
export function isOutdated(error: unknown): boolean {
  return (error as { code?: string }).code === OUTDATED;
}

/**
 * The read tables on one connection that is in a transaction. Kysely's own transactions wait for
 * each statement before the next is sent; these do not.
 */
export function statementsOn(client: pg.ClientBase, names: StatementNames): Tx {
  const connection: DatabaseConnection = {
    async executeQuery<R>({ sql: text, parameters }: CompiledQuery) {
      const name = names.of(text);
      const statement = { text, values: [...parameters], ...(name !== undefined && { name }) };
      const { rows } = await client.query(statement);
      return { rows: rows as R[] };
    },
    streamQuery: () => unused(),
  };
  const db = new Kysely<Tables>({
    dialect: {
      createAdapter: () => new PostgresAdapter(),
      createDriver: () => ({
        init: async () => undefined,
        acquireConnection: async () => connection,
        releaseConnection: async () => undefined,
        beginTransaction: unused,
        commitTransaction: unused,
        rollbackTransaction: unused,
        destroy: async () => undefined,
      }),
      createIntrospector: (kysely) => new PostgresIntrospector(kysely),
      createQueryCompiler: () => new PostgresQueryCompiler(),
    },
  });
  // What makes a Transaction of a Kysely is where its statements run.
  return db.withSchema(READ_SCHEMA) as unknown as Tx;
}

function unused(): never {
  throw new Error("the transaction is begun and ended by whoever reads");
}

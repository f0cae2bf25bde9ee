import { randomBytes } from "node:crypto";
import pg from "pg";
import { migrate } from "../../src/migrate.ts";

const ADMIN = process.env.QUERY_TEST_ADMIN ?? "postgres://postgres:pw@127.0.0.1:54399/postgres";
const ROLES = ["countinghouse_query_owner", "countinghouse_query", "countinghouse_projector"];

export interface TestDatabase {
  readonly admin: string;
  readonly owner: string;
  readonly reader: string;
  readonly projector: string;
  drop(): Promise<void>;
}

/** A database of its own with the read tables, migrated as its owner. */
export async function freshDatabase(): Promise<TestDatabase> {
  const admin = new pg.Client(ADMIN);
  await admin.connect();
  const name = `query_${randomBytes(6).toString("hex")}`;
  for (const role of ROLES) {
    await admin
      .query(`CREATE ROLE ${role} LOGIN PASSWORD 'pw' NOBYPASSRLS NOSUPERUSER`)
      .catch(() => undefined);
  }
  await admin.query(`CREATE DATABASE ${name} OWNER countinghouse_query_owner`);
  const url = (role: string) => {
    const at = new URL(ADMIN);
    [at.username, at.pathname] = [role, name];
    return at.toString();
  };
  const [owner = "", reader = "", projector = ""] = ROLES.map(url);
  await migrate(owner);
  return {
    ...{ admin: url("postgres"), owner, reader, projector },
    async drop() {
      await admin.query(`DROP DATABASE ${name} WITH (FORCE)`);
      await admin.end();
    },
  };
}

import pg from "pg";
import { CliError } from "./cli-error.ts";
import {
  DATABASES,
  type DatabaseName,
  type DatabaseServer,
  databaseName,
  passwordOf,
  urlFor,
} from "./databases.ts";

const CONNECT_TIMEOUT_MS = 5_000;
const NAMES = Object.keys(DATABASES) as DatabaseName[];

/** What every service role has, so that no statement and no idle transaction holds others up. */
const ROLE_SETTINGS = {
  statement_timeout: "'15s'",
  idle_in_transaction_session_timeout: "'15s'",
  search_path: "pg_catalog",
};

/**
 * Makes the roles and databases that are missing. Throws a CliError with the exact SQL for an
 * administrator when the given user may not.
 */
export async function provision(server: DatabaseServer): Promise<void> {
  const admin = await connect(server.adminUrl);
  try {
    // Roles belong to the whole server: whoever else provisions it waits, then finds them made.
    await admin.query("SELECT pg_advisory_lock(hashtext('countinghouse provision'))");
    await makeAll(admin, await findMissing(admin, server));
  } finally {
    await admin.end();
  }
}

async function makeAll(admin: pg.Client, missing: readonly string[]): Promise<void> {
  try {
    for (const statement of missing) await admin.query(statement);
  } catch (cause) {
    const { code, message } = cause as Error & { code?: string };
    if (code !== "42501") throw new CliError(`The database server refused: ${message}`, { cause });
    const sql = missing.map((statement) => `${statement};`).join("\n");
    throw new CliError(
      "The user of DATABASE_URL may not make roles and databases. " +
        `Run this as an administrator, then start again:\n\n${sql}\n`,
      { cause },
    );
  }
}

async function findMissing(admin: pg.Client, server: DatabaseServer): Promise<string[]> {
  const roles = await namesIn(admin, "SELECT rolname AS name FROM pg_roles");
  const databases = await namesIn(admin, "SELECT datname AS name FROM pg_database");
  const { rows } = await admin.query("SELECT rolsuper FROM pg_roles WHERE rolname = current_user");
  const statements: string[] = [];
  for (const name of NAMES) {
    const { owner, services } = DATABASES[name];
    const isThere = databases.has(databaseName(server, name));
    for (const role of [owner, ...services]) {
      statements.push(...(await roleStatements(server, role, name, roles.has(role), isThere)));
    }
    if (isThere) continue;
    const joins = rows[0]?.rolsuper ? [] : [`GRANT ${owner} TO CURRENT_USER`];
    statements.push(...joins, ...databaseStatements(server, name));
  }
  return statements;
}

async function roleStatements(
  server: DatabaseServer,
  role: string,
  database: DatabaseName,
  isThere: boolean,
  canLogIn: boolean,
): Promise<string[]> {
  const password = passwordOf(server, role);
  if (!isThere) {
    const settings = Object.entries(ROLE_SETTINGS).map(([name, value]) => {
      return `ALTER ROLE ${role} SET ${name} = ${value}`;
    });
    const isOwner = role === DATABASES[database].owner;
    return [`CREATE ROLE ${role} LOGIN PASSWORD '${password}'`, ...(isOwner ? [] : settings)];
  }
  const isCurrent = canLogIn ? await logsIn(urlFor(server, role, database)) : false;
  return isCurrent ? [] : [`ALTER ROLE ${role} PASSWORD '${password}'`];
}

function databaseStatements(server: DatabaseServer, database: DatabaseName): string[] {
  const { owner, services } = DATABASES[database];
  const name = databaseName(server, database);
  return [
    `CREATE DATABASE ${name} OWNER ${owner}`,
    `REVOKE ALL ON DATABASE ${name} FROM PUBLIC`,
    `GRANT CONNECT ON DATABASE ${name} TO ${services.join(", ")}`,
  ];
}

async function logsIn(url: string): Promise<boolean> {
  try {
    await (await connect(url)).end();
    return true;
  } catch {
    return false;
  }
}

async function namesIn(client: pg.Client, sql: string): Promise<Set<string>> {
  const { rows } = await client.query(sql);
  return new Set(rows.map(({ name }) => name));
}

async function connect(url: string): Promise<pg.Client> {
  const connectionTimeoutMillis = CONNECT_TIMEOUT_MS;
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis });
  try {
    await client.connect();
    return client;
  } catch (cause) {
    const { message, code } = cause as Error & { code?: string };
    const { host } = new URL(url);
    throw new CliError(`PostgreSQL at ${host} cannot be reached: ${message || code}`, { cause });
  }
}

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
import { scramVerifier } from "./scram.ts";
import { type ServerFacts, serverFacts } from "./server-facts.ts";

const CONNECT_TIMEOUT_MS = 5_000;
const NAMES = Object.keys(DATABASES) as DatabaseName[];
const INSUFFICIENT_PRIVILEGE = "42501";

/** What every service role has, so that no statement and no idle transaction holds others up. */
const ROLE_SETTINGS = {
  statement_timeout: "'15s'",
  idle_in_transaction_session_timeout: "'15s'",
  search_path: "pg_catalog",
};

/**
 * Makes the roles, databases and grants that are missing, and nothing else. Gives the roles that
 * had the password of another secret until now. Throws a CliError with the exact SQL for an
 * administrator when the given user may not.
 */
export async function provision(server: DatabaseServer): Promise<readonly string[]> {
  const admin = await connect(server.adminUrl);
  try {
    // Roles belong to the whole server: whoever else provisions it waits, then finds them made.
    await admin.query("SELECT pg_advisory_lock(hashtext('countinghouse provision'))");
    return await makeMissing(admin, server);
  } finally {
    await admin.end();
  }
}

/** What whoever starts a bank has to know of roles that changed hands; undefined for none. */
export function warningOf(changed: readonly string[]): string | undefined {
  if (changed.length === 0) return undefined;
  return (
    `${changed.length} roles had passwords of another secret, and have this one's now: a bank ` +
    "that still runs with the other one has lost its databases."
  );
}

/** Drops the databases of a server with all that is in them, whoever is connected; roles stay. */
export async function dropDatabases(server: DatabaseServer): Promise<void> {
  const admin = await connect(server.adminUrl);
  try {
    for (const name of NAMES) {
      await admin.query(`DROP DATABASE IF EXISTS ${databaseName(server, name)} WITH (FORCE)`);
    }
  } finally {
    await admin.end();
  }
}

async function makeMissing(admin: pg.Client, server: DatabaseServer): Promise<readonly string[]> {
  const changed: string[] = [];
  try {
    const statements = await findMissing(admin, server, changed);
    for (const statement of statements) await admin.query(statement);
    return changed;
  } catch (cause) {
    const { code, message } = cause as Error & { code?: string };
    if (code !== INSUFFICIENT_PRIVILEGE) {
      throw new CliError(`The database server refused: ${message}`, { cause });
    }
    const rest = await findMissing(admin, server);
    throw new CliError(
      "The user of DATABASE_URL may not make roles and databases. " +
        "Run this as an administrator, then start again:\n\n" +
        rest.map((statement) => `${statement};\n`).join(""),
      { cause },
    );
  }
}

/** The statements that are missing; roles with the password of another secret go to `changed`. */
async function findMissing(
  admin: pg.Client,
  server: DatabaseServer,
  changed: string[] = [],
): Promise<string[]> {
  const databases = NAMES.map((name) => databaseName(server, name));
  const roles = NAMES.flatMap((name) => [DATABASES[name].owner, ...DATABASES[name].services]);
  const facts = await serverFacts(admin, databases, roles);
  const statements: string[] = [];
  for (const name of NAMES) {
    const { owner, services } = DATABASES[name];
    for (const role of [owner, ...services]) {
      statements.push(...(await passwordStatements(server, facts, role, name, changed)));
    }
    for (const role of services) statements.push(...settingStatements(facts, role));
    statements.push(...databaseStatements(server, facts, name));
  }
  return statements;
}

async function passwordStatements(
  server: DatabaseServer,
  facts: ServerFacts,
  role: string,
  database: DatabaseName,
  changed: string[],
): Promise<string[]> {
  if (facts.roles.has(role) && facts.databases.has(databaseName(server, database))) {
    if (await logsIn(urlFor(server, role, database))) return [];
    changed.push(role);
  }
  const does = facts.roles.has(role) ? "ALTER" : "CREATE";
  return [`${does} ROLE ${role} LOGIN PASSWORD '${scramVerifier(passwordOf(server, role))}'`];
}

function settingStatements({ roles }: ServerFacts, role: string): string[] {
  const present = roles.get(role) ?? [];
  return Object.entries(ROLE_SETTINGS)
    .filter(([name]) => !present.some((setting) => setting.startsWith(`${name}=`)))
    .map(([name, value]) => `ALTER ROLE ${role} SET ${name} = ${value}`);
}

function databaseStatements(
  server: DatabaseServer,
  { databases, isSuperuser }: ServerFacts,
  database: DatabaseName,
): string[] {
  const { owner, services } = DATABASES[database];
  const name = databaseName(server, database);
  const grants = databases.get(name);
  // Only a member may give a database to a role; a superuser need not be one.
  const joins = isSuperuser ? [] : [`GRANT ${owner} TO CURRENT_USER`];
  const creates = [...joins, `CREATE DATABASE ${name} OWNER ${owner}`];
  const connecting = services.filter((role) => !grants?.connect.includes(role));
  return [
    ...(grants === undefined ? creates : []),
    ...(grants?.isPublic === false ? [] : [`REVOKE ALL ON DATABASE ${name} FROM PUBLIC`]),
    ...(connecting.length === 0
      ? []
      : [`GRANT CONNECT ON DATABASE ${name} TO ${connecting.join(", ")}`]),
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

import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  CliError,
  DATABASES,
  type DatabaseServer,
  migrateAll,
  provision,
  startPostgres,
  urlFor,
  warningOf,
} from "@countinghouse/cli";
import pg from "pg";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";

/** Roles belong to a whole server, so these tests have one of their own. */
let server: Awaited<ReturnType<typeof startPostgres>>;
let folder = "";
const secretKey = "the secret of the provisioning tests";

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "countinghouse-provision-"));
  server = await startPostgres(join(folder, "postgres"), "pw", join(folder, "log"));
});
afterAll(async () => {
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
});
beforeEach(async () => {
  const databases = "SELECT datname AS name FROM pg_database WHERE datname LIKE 'countinghouse%'";
  for (const { name } of await asAdmin(databases)) await asAdmin(`DROP DATABASE ${name}`);
  const roles = "SELECT rolname AS name FROM pg_roles WHERE rolname ~ '^(countinghouse|some)_'";
  for (const { name } of await asAdmin(roles)) await asAdmin(`DROP OWNED BY ${name}`);
  for (const { name } of await asAdmin(roles)) await asAdmin(`DROP ROLE ${name}`);
});

async function ask(url: string, sql: string): Promise<Record<string, string>[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

function asAdmin(sql: string): Promise<Record<string, string>[]> {
  return ask(server.url, sql);
}

/** A user of the server with these rights, and the server as that user knows it. */
async function userWith(rights: string): Promise<DatabaseServer> {
  const name = `some_${randomBytes(4).toString("hex")}`;
  await asAdmin(`CREATE ROLE ${name} LOGIN PASSWORD 'pw' ${rights}`);
  const url = new URL(server.url);
  url.username = name;
  return { adminUrl: url.href, secretKey };
}

/** Every role logs in to its own database and to no other. */
async function expectAllIsMade(made: DatabaseServer): Promise<void> {
  const names = Object.keys(DATABASES) as (keyof typeof DATABASES)[];
  for (const name of names) {
    for (const role of [DATABASES[name].owner, ...DATABASES[name].services]) {
      for (const other of names) {
        const reaches = ask(urlFor(made, role, other), "SELECT 1");
        if (other === name) await reaches;
        else await expect(reaches, `${role} in ${other}`).rejects.toThrow("permission denied");
      }
    }
  }
  await migrateAll(made);
}

async function refusalOf(made: DatabaseServer): Promise<string> {
  const error = await provision(made).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(CliError);
  return (error as CliError).message;
}

test("a superuser makes all roles and databases, and a second time changes nothing", async () => {
  const made = { adminUrl: server.url, secretKey };
  await provision(made);
  await expectAllIsMade(made);
  const passwords = "SELECT rolname, rolpassword FROM pg_authid ORDER BY rolname";
  const before = await asAdmin(passwords);
  await provision(made);
  expect(await asAdmin(passwords)).toEqual(before);
});

test("a user that may make roles and databases, and no more, is enough", async () => {
  const made = await userWith("CREATEROLE CREATEDB");
  await provision(made);
  await expectAllIsMade(made);
});

test.each([
  ["nothing", ""],
  ["make roles", "CREATEROLE"],
  ["make databases", "CREATEDB"],
])("a user that may %s is told the SQL that is missing, which works", async (_, rights) => {
  const made = await userWith(rights);
  const message = await refusalOf(made);
  expect(message).toMatch(/^The user of DATABASE_URL may not make roles and databases\./);
  const [, sql = ""] = message.split("\n\n");
  for (const statement of sql.trim().split("\n")) {
    expect(statement).toMatch(/;$/);
    await asAdmin(statement);
  }
  await provision(made);
  await expectAllIsMade(made);
});

test("the SQL that is told shows no password", async () => {
  const message = await refusalOf(await userWith(""));
  expect(message).toContain("PASSWORD 'SCRAM-SHA-256$4096:");
  expect(message.match(/PASSWORD '/g)).toHaveLength(message.match(/PASSWORD 'SCRAM/g)?.length ?? 0);
});

test("roles of another secret get the passwords of this one, which is told", async () => {
  await provision({ adminUrl: server.url, secretKey: "the secret of before, long enough" });
  const made = { adminUrl: server.url, secretKey };
  const changed = await provision(made);
  expect(changed).toContain("countinghouse_command");
  expect(warningOf(changed)).toMatch(/^\d+ roles had passwords of another secret/);
  expect(warningOf(await provision(made))).toBeUndefined();
  await expectAllIsMade(made);
});

test("what an interrupted provisioning left out is made up for", async () => {
  const made = { adminUrl: server.url, secretKey };
  await provision(made);
  await asAdmin("GRANT CONNECT ON DATABASE countinghouse_auth TO PUBLIC");
  await asAdmin("REVOKE CONNECT ON DATABASE countinghouse_ledger FROM countinghouse_relay");
  await asAdmin("ALTER ROLE countinghouse_query RESET statement_timeout");
  await asAdmin("DROP DATABASE countinghouse_query");
  await provision(made);
  await expectAllIsMade(made);
  const timeout = await ask(urlFor(made, "countinghouse_query", "query"), "SHOW statement_timeout");
  expect(timeout).toEqual([{ statement_timeout: "15s" }]);
});

test("a server that is not there is named in one sentence", async () => {
  const message = await refusalOf({ adminUrl: "postgres://a:b@127.0.0.1:1/c", secretKey });
  expect(message).toMatch(/^PostgreSQL at 127\.0\.0\.1:1 cannot be reached: .*ECONNREFUSED/);
});

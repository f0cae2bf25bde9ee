import { randomBytes } from "node:crypto";
import {
  DATABASES,
  type DatabaseName,
  type DatabaseServer,
  databaseName,
  dropDatabases,
  migrateAll,
  provision,
  urlFor,
} from "@countinghouse/cli";
import { inject } from "vitest";
import { TEST_SECRET } from "./global-setup.ts";

/** Databases of one test file on the shared server, made and migrated as a start makes them. */
export interface TestDatabases {
  readonly server: DatabaseServer;
  /** The URL of a service's role, by the database it works in. */
  urlOf(database: DatabaseName, role: string): string;
  /** The URL of the role that owns a database, for tests that look behind the services. */
  ownerUrl(database: DatabaseName): string;
  /** An administrator's URL of a database. */
  adminUrl(database: DatabaseName): string;
  drop(): Promise<void>;
}

/** Makes fresh databases. `drop` them when the file's tests are over. */
export async function createDatabases(): Promise<TestDatabases> {
  const suffix = `_${randomBytes(6).toString("hex")}`;
  const server = { adminUrl: inject("postgresUrl"), secretKey: TEST_SECRET, suffix };
  await provision(server);
  await migrateAll(server);
  return {
    server,
    urlOf: (database, role) => urlFor(server, role, database),
    ownerUrl: (database) => urlFor(server, DATABASES[database].owner, database),
    adminUrl: (database) => {
      const url = new URL(server.adminUrl);
      url.pathname = `/${databaseName(server, database)}`;
      return url.href;
    },
    drop: () => dropDatabases(server),
  };
}

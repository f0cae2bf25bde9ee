import { deriveKey } from "@countinghouse/service-kit";

/** The databases and who works in each: an owner that migrates, and services with fewer rights. */
export const DATABASES = {
  auth: { owner: "countinghouse_auth_owner", services: ["countinghouse_auth"] },
  ledger: {
    owner: "countinghouse_ledger_owner",
    services: ["countinghouse_command", "countinghouse_relay"],
  },
  query: {
    owner: "countinghouse_query_owner",
    services: ["countinghouse_query", "countinghouse_projector"],
  },
  audit: { owner: "countinghouse_audit_owner", services: ["countinghouse_audit"] },
} as const;

export type DatabaseName = keyof typeof DATABASES;

/** Where a server is and how its databases and passwords are named. */
export interface DatabaseServer {
  /** The URL of an administrator, whose host, port and parameters the roles use as well. */
  readonly adminUrl: string;
  readonly secretKey: string;
  /** What follows the names of databases, so that tests can have many on one server. */
  readonly suffix?: string;
}

/** The name of a database on a server. */
export function databaseName({ suffix = "" }: DatabaseServer, database: DatabaseName): string {
  return `countinghouse_${database}${suffix}`;
}

/** The password of a role: derived from the secret, so that nothing has to be kept. */
export function passwordOf({ secretKey }: DatabaseServer, role: string): string {
  return deriveKey(secretKey, `db:${role}`).toString("base64url");
}

/** The URL with which a role reaches a database. */
export function urlFor(server: DatabaseServer, role: string, database: DatabaseName): string {
  const url = new URL(server.adminUrl);
  url.username = role;
  url.password = passwordOf(server, role);
  url.pathname = `/${databaseName(server, database)}`;
  return url.href;
}

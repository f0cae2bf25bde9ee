import { randomBytes } from "node:crypto";
import { migrateLedger } from "@countinghouse/event-store";
import pg from "pg";

const SERVER = process.env.RELAY_TEST_SERVER ?? "postgres://postgres:postgres@127.0.0.1:55777";
const ROLES = ["countinghouse_ledger_owner", "countinghouse_command", "countinghouse_relay"];

export interface LedgerDatabase {
  /** As the role of a service. */
  urlOf(role: "countinghouse_command" | "countinghouse_relay"): string;
  readonly owner: pg.Pool;
  drop(): Promise<void>;
}

/** A fresh database of the log. */
export async function createLedgerDatabase(): Promise<LedgerDatabase> {
  const name = `relay_test_${randomBytes(6).toString("hex")}`;
  const server = new pg.Client(`${SERVER}/postgres`);
  await server.connect();
  for (const role of ROLES) {
    await server.query(`CREATE ROLE ${role} LOGIN PASSWORD 'secret'`).catch(() => undefined);
  }
  await server.query(`CREATE DATABASE ${name} OWNER countinghouse_ledger_owner`);
  const urlOf = (role: string) => `${SERVER.replace(/\/\/.*@/, `//${role}:secret@`)}/${name}`;
  await migrateLedger(urlOf("countinghouse_ledger_owner"));
  const owner = new pg.Pool({ connectionString: urlOf("countinghouse_ledger_owner"), max: 2 });
  owner.on("error", () => undefined);
  return {
    urlOf,
    owner,
    async drop() {
      await owner.end();
      await server.query(`DROP DATABASE ${name} WITH (FORCE)`);
      await server.end();
    },
  };
}

import { mkdtempSync, rmSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  DATABASES,
  type DatabaseServer,
  type EmbeddedPostgres,
  freePorts,
  migrateAll,
  provision,
  startPostgres,
  urlFor,
} from "@countinghouse/cli";
import pg from "pg";

/** A PostgreSQL of its own, always at the same address, that a test may kill. */
export interface OwnPostgres {
  readonly urls: { readonly reader: string; readonly projector: string; readonly owner: string };
  /** Kills the server as a crash does. */
  kill(): Promise<void>;
  /** Starts it again on the same data. */
  restart(): Promise<void>;
  /** Drops the database of read tables, whoever works there, and makes it anew, empty. */
  dropDatabase(): Promise<void>;
  close(): Promise<void>;
}

export async function ownPostgres(): Promise<OwnPostgres> {
  const folder = mkdtempSync(join(tmpdir(), "countinghouse-own-"));
  const start = () => startPostgres(join(folder, "postgres"), "pw", join(folder, "log"));
  let postgres = await start();
  const door = await doorTo(() => postgres);
  const adminUrl = `postgres://postgres:pw@127.0.0.1:${door.port}/postgres`;
  const server: DatabaseServer = { adminUrl, secretKey: "the secret of the recovery tests" };
  await provision(server);
  await migrateAll(server);
  return {
    urls: {
      reader: urlFor(server, "countinghouse_query", "query"),
      projector: urlFor(server, "countinghouse_projector", "query"),
      owner: urlFor(server, DATABASES.query.owner, "query"),
    },
    async kill() {
      process.kill(postgres.pid, "SIGKILL");
      door.cut();
      await new Promise((resolve) => setTimeout(resolve, 300));
    },
    async restart() {
      postgres = await start();
    },
    async dropDatabase() {
      const admin = new pg.Client(adminUrl);
      await admin.connect();
      await admin.query("DROP DATABASE countinghouse_query WITH (FORCE)");
      await admin.end();
      await provision(server);
      await migrateAll(server);
    },
    async close() {
      door.close();
      await postgres.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** One port for a server that has another after each start. */
async function doorTo(postgres: () => EmbeddedPostgres) {
  const open = new Set<Socket>();
  const door = createServer((socket) => {
    const { host, port } = postgres();
    const onward = connect(port, host);
    for (const [one, other] of [
      [socket, onward],
      [onward, socket],
    ] as const) {
      open.add(one);
      one.on("error", () => undefined).on("close", () => open.delete(one) && other.destroy());
      one.pipe(other);
    }
  });
  const [port = 0] = await freePorts(1);
  await new Promise<void>((listening) => door.listen(port, "127.0.0.1", listening));
  const cut = () => {
    for (const socket of open) socket.destroy();
  };
  return {
    port,
    cut,
    close() {
      door.close();
      cut();
    },
  };
}

import { execFile } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import pg from "pg";

const SCALE = 50;
const THREADS = 2;
const DATABASE = "countinghouse_yardstick";
const DEBIAN = "/usr/lib/postgresql";

/** The yardstick: pgbench's TPC-B on the same server. */
export interface Yardstick {
  /** Transactions a second. */
  run(clients: number, seconds: number): Promise<number>;
  drop(): Promise<void>;
}

/** Fills pgbench's tables; undefined when there is no pgbench on this machine. */
export async function createYardstick(adminUrl: string): Promise<Yardstick | undefined> {
  const program = findPgbench();
  if (program === undefined) return undefined;
  await recreate(adminUrl);
  const url = new URL(adminUrl);
  url.pathname = `/${DATABASE}`;
  const pgbench = (...args: string[]) => promisify(execFile)(program, [...args, url.href]);
  await pgbench("--initialize", "--quiet", `--scale=${SCALE}`);
  return {
    async run(clients, seconds) {
      const { stdout } = await pgbench(
        ...["--protocol=prepared", "--no-vacuum", `--client=${clients}`],
        ...[`--jobs=${Math.min(clients, THREADS)}`, `--time=${seconds}`],
      );
      const [, tps] = /^tps = ([\d.]+) \(without/m.exec(stdout) ?? [];
      if (tps === undefined) throw new Error(`pgbench said: ${stdout}`);
      return Number(tps);
    },
    drop: () => onServer(adminUrl, `DROP DATABASE IF EXISTS ${DATABASE} WITH (FORCE)`),
  };
}

function findPgbench(): string | undefined {
  const versions = existsSync(DEBIAN) ? readdirSync(DEBIAN).sort().reverse() : [];
  const folders = [
    ...(process.env.PATH ?? "").split(delimiter),
    ...versions.map((version) => join(DEBIAN, version, "bin")),
  ];
  return folders.map((folder) => join(folder, "pgbench")).find((path) => existsSync(path));
}

async function recreate(adminUrl: string): Promise<void> {
  await onServer(adminUrl, `DROP DATABASE IF EXISTS ${DATABASE} WITH (FORCE)`);
  await onServer(adminUrl, `CREATE DATABASE ${DATABASE}`);
}

async function onServer(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query(statement).finally(() => client.end());
}

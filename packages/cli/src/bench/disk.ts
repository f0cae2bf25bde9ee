import { randomUUIDv7 } from "node:crypto";
import pg from "pg";

const DATABASE = "countinghouse_ceiling";
const TRANSFERS = 1_000;
const DATA = JSON.stringify({ amount: { currency: "EUR", value: "0.01" }, text: "x".repeat(400) });
const META = JSON.stringify({ ledger: 1, text: "x".repeat(150) });

const TABLES = `
CREATE TABLE events (
  ledger_id int, position bigint, event_id uuid NOT NULL, stream_id uuid NOT NULL,
  version int NOT NULL, type text NOT NULL, data json NOT NULL, meta json NOT NULL,
  PRIMARY KEY (ledger_id, position), UNIQUE (ledger_id, stream_id, version));
CREATE TABLE counter (id int PRIMARY KEY, value bigint NOT NULL);
INSERT INTO counter VALUES (1, 0);
CREATE SEQUENCE position;
`;

const INSERT = {
  name: "insert",
  text: `INSERT INTO events SELECT 1, nextval('position'), id, id, 1, 'TransferSent', $2, $3
           FROM unnest($1::uuid[]) AS rows (id)`,
};

/** What the database does with nothing of ours in front of it, on one connection. */
export interface Disk {
  /** Durable commits of one small update, one after another: the median time in milliseconds. */
  commitMs(seconds: number): Promise<number>;
  /** Transfers a second, 1,000 at a time inserted as two rows each and nothing else done. */
  insertCeiling(seconds: number): Promise<number>;
  drop(): Promise<void>;
}

export async function createDisk(adminUrl: string): Promise<Disk> {
  const admin = new pg.Client({ connectionString: adminUrl });
  await admin.connect();
  await admin.query(`DROP DATABASE IF EXISTS ${DATABASE} WITH (FORCE)`);
  await admin.query(`CREATE DATABASE ${DATABASE}`);
  const url = new URL(adminUrl);
  url.pathname = `/${DATABASE}`;
  const client = new pg.Client({ connectionString: url.href });
  await client.connect();
  await client.query(TABLES);
  return {
    async commitMs(seconds) {
      const times = await repeat(seconds, () => {
        return client.query({ name: "commit", text: "UPDATE counter SET value = value + 1" });
      });
      return times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)] ?? 0;
    },
    async insertCeiling(seconds) {
      const startedAt = performance.now();
      const { length } = await repeat(seconds, () => {
        const ids = Array.from({ length: TRANSFERS * 2 }, () => randomUUIDv7());
        return client.query({ ...INSERT, values: [ids, DATA, META] });
      });
      return (length * TRANSFERS * 1_000) / (performance.now() - startedAt);
    },
    async drop() {
      await client.end();
      await admin.query(`DROP DATABASE IF EXISTS ${DATABASE} WITH (FORCE)`);
      await admin.end();
    },
  };
}

/** How long each call took, in milliseconds. */
async function repeat(seconds: number, work: () => Promise<unknown>): Promise<number[]> {
  const times: number[] = [];
  const until = performance.now() + seconds * 1_000;
  while (performance.now() < until) {
    const startedAt = performance.now();
    await work();
    times.push(performance.now() - startedAt);
  }
  return times;
}

// For benchmarks: nothing here needs a test runner.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type DatabaseName,
  type DatabaseServer,
  migrateAll,
  provision,
  startPostgres,
} from "@countinghouse/cli";
import pg from "pg";

/** A PostgreSQL of its own with the databases of this project. */
export interface World {
  readonly server: DatabaseServer;
  /** Removed at the end. */
  readonly folder: string;
  /** Runs SQL as an administrator. */
  asAdmin(database: DatabaseName, sql: string): Promise<pg.QueryResult>;
  close(): Promise<void>;
}

/** Settings of PostgreSQL are those of `npm start`, durability and all. */
export async function openWorld(): Promise<World> {
  const folder = mkdtempSync(join(tmpdir(), "countinghouse-bench-"));
  const postgres = await startPostgres(join(folder, "postgres"), "bench", join(folder, "log"));
  const server = { adminUrl: postgres.url, secretKey: "a secret for benchmarks, and only those" };
  await provision(server);
  await migrateAll(server);
  return {
    server,
    folder,
    async asAdmin(database, sql) {
      const client = new pg.Client(postgres.url.replace(/[^/]*$/, `countinghouse_${database}`));
      await client.connect();
      try {
        return await client.query(sql);
      } finally {
        await client.end();
      }
    },
    async close() {
      await postgres.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/**
 * Writes a log as the command service would have: pairs of accounts, one of which pays the other
 * 1.00 in every round. Gives how many events it has.
 */
export async function writeLog(
  world: World,
  { pairs, rounds }: { pairs: number; rounds: number },
): Promise<number> {
  await world.asAdmin("ledger", FUNCTIONS);
  await world.asAdmin("ledger", `SELECT bench.write_log(${pairs}, ${rounds})`);
  await world.asAdmin("ledger", "VACUUM ANALYZE ledger.events");
  return 3 * pairs + 2 * pairs * rounds;
}

const FUNCTIONS = `
CREATE SCHEMA bench;
CREATE FUNCTION bench.account(n bigint) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$
  SELECT ('019ab5f0-7c3e-8001-a000-' || lpad(to_hex(n), 12, '0'))::uuid $$;
CREATE FUNCTION bench.transfer_id(n bigint) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$
  SELECT ('7a5b1c2d-3e4f-4a5b-8c6d-' || lpad(to_hex(n), 12, '0'))::uuid $$;
CREATE FUNCTION bench.meta() RETURNS json LANGUAGE sql IMMUTABLE AS $$
  SELECT ('{"actor":{"roles":["customer"],"userId":"11111111-1111-4111-8111-111111111111"},'
    '"correlationId":"5f0f2c66-1111-4111-8111-111111111111","ledger":1}')::json $$;
CREATE FUNCTION bench.money(units bigint) RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT '{"currency":"EUR","value":"' || units || '.00"}' $$;
CREATE FUNCTION bench.transfer(own bigint, other bigint, pays boolean, t uuid, units bigint)
RETURNS json LANGUAGE sql IMMUTABLE AS $$
  SELECT ('{"amount":' || bench.money(1) || ',"balanceAfter":' || bench.money(units)
    || ',"counterpartyAccountId":"' || bench.account(other) || '","direction":"'
    || CASE WHEN pays THEN 'debit' ELSE 'credit' END
    || '","fromAccountId":"' || bench.account(CASE WHEN pays THEN own ELSE other END)
    || '","reference":"Rent for May","toAccountId":"'
    || bench.account(CASE WHEN pays THEN other ELSE own END)
    || '","transactionId":"' || t || '","transferId":"' || t || '"}')::json $$;
CREATE FUNCTION bench.write_log(pairs bigint, rounds bigint) RETURNS void LANGUAGE sql AS $$
  INSERT INTO ledger.events
  SELECT 1, n, gen_random_uuid(), bench.account(n), 1, 'AccountOpened', 1,
    '{"accountType":"checking","currency":"EUR",'
      '"ownerId":"11111111-1111-4111-8111-111111111111"}', bench.meta(), '2026-01-01'
  FROM generate_series(1, 2 * pairs) AS n;
  INSERT INTO ledger.events
  SELECT 1, 2 * pairs + n, gen_random_uuid(), bench.account(2 * n - 1), 2, 'MoneyDeposited', 1,
    ('{"amount":' || bench.money(rounds) || ',"balanceAfter":' || bench.money(rounds)
      || ',"direction":"credit","transactionId":"' || gen_random_uuid() || '"}')::json,
    bench.meta(), '2026-01-01'
  FROM generate_series(1, pairs) AS n;
  INSERT INTO ledger.events
  SELECT 1, 3 * pairs + 2 * ((r - 1) * pairs + n - 1) + 1 + leg, gen_random_uuid(),
    bench.account(2 * n - 1 + leg), r + 2 - leg,
    CASE leg WHEN 0 THEN 'TransferSent' ELSE 'TransferReceived' END, 1,
    bench.transfer(2 * n - 1 + leg, 2 * n - leg, leg = 0, t,
      CASE leg WHEN 0 THEN rounds - r ELSE r END),
    bench.meta(), '2026-01-01'::timestamptz + ((r - 1) * pairs + n) * interval '200 milliseconds'
  FROM generate_series(1, rounds) AS r, generate_series(1, pairs) AS n,
    LATERAL (SELECT bench.transfer_id((r - 1) * pairs + n) AS t) AS transfer,
    generate_series(0, 1) AS leg;
  UPDATE ledger.log_head SET position = 3 * pairs + 2 * pairs * rounds WHERE ledger_id = 1 $$;
`;

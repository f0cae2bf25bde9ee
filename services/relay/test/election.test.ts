import { setTimeout as pause } from "node:timers/promises";
import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createCursorStore, LeaseLostError } from "../src/publish/cursors.ts";
import { type Lease, whileElected } from "../src/publish/election.ts";
import { createLedger, type Ledger } from "./support/ledger.ts";

const logger = { info: () => undefined, warn: () => undefined, error: () => undefined } as never;
const WITHIN = { timeout: 10_000, interval: 10 };
let ledger: Ledger;
let pool: pg.Pool;

beforeAll(async () => {
  ledger = await createLedger();
  pool = new pg.Pool({ connectionString: ledger.relayUrl, max: 6 });
  pool.on("error", () => undefined);
});
afterAll(async () => {
  await pool.end();
  await ledger.close();
});

/** A process that wants the lease; `held` while it has it. */
function candidate(name: string, own = pool) {
  const stopping = new AbortController();
  const state: { held?: Lease; leases: number } = { leases: 0 };
  const ended = whileElected(
    { pool: own, name, logger },
    async (lease) => {
      state.held = lease;
      state.leases += 1;
      await new Promise((resolve) => lease.signal.addEventListener("abort", resolve));
      delete state.held;
    },
    stopping.signal,
  );
  return {
    state,
    async stop() {
      stopping.abort();
      await ended;
    },
  };
}

test("one at a time has the lease, and the next one has it once it is given back", async () => {
  const candidates = [candidate("one"), candidate("one"), candidate("one")];
  const holders = () => candidates.filter(({ state }) => state.held !== undefined);
  await expect.poll(() => holders().length, WITHIN).toBe(1);
  await pause(1_500);
  expect(holders()).toHaveLength(1);
  const [first] = holders();
  const epoch = Number(first?.state.held?.epoch);
  await first?.stop();
  await expect.poll(() => holders().length, { timeout: 1_500, interval: 10 }).toBe(1);
  expect(Number(holders()[0]?.state.held?.epoch)).toBe(epoch + 1);
  for (const other of candidates) await other.stop();
});

test("a holder that is cut off from the database lets go before another may come", async () => {
  const own = new pg.Pool({ connectionString: ledger.relayUrl, max: 2 });
  own.on("error", () => undefined);
  const first = candidate("cut", own);
  await expect.poll(() => first.state.held !== undefined, WITHIN).toBe(true);
  const second = candidate("cut");
  own.connect = () => Promise.reject(new Error("cut off"));
  own.query = (() => Promise.reject(new Error("cut off"))) as never;
  await expect.poll(() => second.state.held !== undefined, { ...WITHIN, interval: 1 }).toBe(true);
  expect(first.state.held).toBeUndefined();
  await first.stop();
  await second.stop();
  await own.end();
});

test("a holder whose work ends gives the lease back and may have it again", async () => {
  let runs = 0;
  const stopping = new AbortController();
  const ended = whileElected(
    { pool, name: "short", logger },
    async () => {
      runs += 1;
      if (runs === 2) throw new Error("failed");
    },
    stopping.signal,
  );
  await expect.poll(() => runs, WITHIN).toBeGreaterThanOrEqual(3);
  stopping.abort();
  await ended;
});

test("cursors move forward, only under the newest epoch", async () => {
  const lease = "fenced";
  const store = createCursorStore(pool, "topic", lease);
  const at = (position: number) => [{ ledger: 1, partition: 2, position }];
  await expect(store.move("1", at(5))).rejects.toThrow(LeaseLostError);
  await pool.query("INSERT INTO ledger.relay_lease VALUES ($1, 2, clock_timestamp())", [lease]);
  await expect(store.move("1", at(5))).rejects.toThrow(LeaseLostError);
  expect(await store.load()).toEqual([]);
  await store.move("2", at(5));
  await store.move("2", at(3));
  expect(await store.load()).toEqual(at(5));
  await expect(store.restart("1", [2])).rejects.toThrow(LeaseLostError);
  await store.restart("2", [1]);
  expect(await store.load()).toEqual(at(5));
  await store.restart("2", [2]);
  expect(await store.load()).toEqual(at(0));
  expect(await createCursorStore(pool, "another topic", lease).load()).toEqual([]);
});

test("nobody else may write what the relay remembers", async () => {
  const { rows } = await ledger.owner.query(
    `SELECT grantee FROM information_schema.role_table_grants
      WHERE table_name IN ('relay_cursors', 'relay_lease') AND privilege_type <> 'SELECT'
        AND grantee <> 'countinghouse_ledger_owner' GROUP BY grantee`,
  );
  expect(rows).toEqual([{ grantee: "countinghouse_relay" }]);
});

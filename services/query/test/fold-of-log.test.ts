import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { bankOn } from "./support/banking-events.ts";
import { OTHER_OWNER, OWNER } from "./support/fake-log.ts";
import { differencesFromLog } from "./support/fold-of-log.ts";
import { type Projecting, projecting } from "./support/projecting.ts";

let world: Projecting;

beforeAll(async () => {
  world = await projecting();
});
afterAll(async () => {
  await world.end();
});

/** Batches of all sizes, with what a restart of the source repeats. */
async function applyInPieces(): Promise<void> {
  const { events } = world.log;
  for (let [from, size] = [0, 1]; from < events.length; from += size, size = (size % 7) + 1) {
    await world.apply(...events.slice(Math.max(0, from - 3), from + size));
  }
}

test("the read tables are a fold of the log, however it was cut into batches", async () => {
  const { log } = world;
  const currencies = ["EUR", "JPY", "BHD"];
  for (const [i, currency] of currencies.entries()) {
    const [a, b] = [log.open({ currency, name: `No ${i}` }), log.open({ currency })];
    for (let n = 1; n <= 6; n += 1) {
      log.deposit(a, `${n * 10}`, `Payment ${n}`);
      log.nowMs += 5 * 3_600_000;
      const sent = log.transfer(a, b, `${n}`, "Rent");
      log.withdraw(a, "1");
      if (n % 2 === 0) log.reverse(sent, "sent twice");
    }
    log.status(b, "AccountFrozen");
    log.status(b, "AccountUnfrozen");
    log.status(a, "AccountFrozen");
  }
  for (const owner of [OWNER, OTHER_OWNER]) bankOn(log, owner);
  await applyInPieces();
  expect(await differencesFromLog(world.database.projector, log.events)).toEqual([]);
});

test("a changed row, a missing one and one too many are found", async () => {
  const admin = new pg.Client(world.database.admin);
  await admin.connect();
  const { rows } = await admin.query("SELECT account_id FROM read.accounts ORDER BY account_id");
  await admin.query(
    "UPDATE read.entries SET amount_minor = 1 WHERE account_id = $1 AND version = 2",
    [rows[0].account_id],
  );
  await admin.query("DELETE FROM read.journal WHERE position = 3");
  await admin.query("INSERT INTO read.gl_daily VALUES ('2026-01-01', 'fees', 'EUR', 1, 0)");
  await admin.end();
  const lines = await differencesFromLog(world.database.projector, world.log.events);
  expect(lines.map((line) => line.split(" ")[0])).toEqual(["entries", "journal", "gl_daily"]);
});

import { createDatabases, type TestDatabases } from "@countinghouse/testing";
import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { checkInvariants } from "../src/bench/invariants.ts";

let databases: TestDatabases;
let owner: pg.Client;

beforeAll(async () => {
  databases = await createDatabases();
  owner = new pg.Client({ connectionString: databases.ownerUrl("ledger") });
  await owner.connect();
});

afterAll(async () => {
  await owner.end();
  await databases.drop();
});

async function broken(acknowledged = 0): Promise<string[]> {
  const url = databases.urlOf("ledger", "countinghouse_command");
  const found = await checkInvariants(url, 0, { acknowledged, isComplete: true });
  return found.filter(({ holds }) => !holds).map(({ rule }) => rule);
}

const EVENT = `INSERT INTO ledger.events VALUES
  (1, $1, gen_random_uuid(), gen_random_uuid(), 1, $2, 1, $3, '{}', now())`;

test("an empty log is as it has to be", async () => {
  expect(await broken()).toEqual([]);
});

test("an acknowledged transfer that is not in the log is found", async () => {
  expect(await broken(1)).toEqual(["every acknowledged transfer is in the log once"]);
});

test("a gap, a leg without the other and money from nowhere are found", async () => {
  await owner.query(EVENT, [2, "TransferSent", "{}"]);
  await owner.query(
    `INSERT INTO ledger.streams VALUES
     (1, gen_random_uuid(), 'account', 3, '{"balance":"5","currency":"EUR"}', 1)`,
  );
  expect(await broken(1)).toEqual([
    "every transfer has both legs",
    "positions have no gap",
    "versions of every account have no gap",
    "no money came or went",
  ]);
});

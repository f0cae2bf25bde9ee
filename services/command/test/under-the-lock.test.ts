import { afterAll, beforeAll, expect, test } from "vitest";
import { euros } from "./support/command-service.ts";
import { blocked } from "./support/faults.ts";
import { type Bench, openBench } from "./support/in-process.ts";

let bench: Bench;
beforeAll(async () => {
  bench = await openBench((store) => store, { connections: 1 });
  await bench.owner.query("INSERT INTO ledger.log_head (ledger_id, name) VALUES (2, 'second')");
});
afterAll(() => bench.close());

async function anAccount(ledger = 1): Promise<string> {
  const body = { type: "checking", currency: "EUR", ledger };
  const { accountId } = (await bench.post("/v1/accounts", body)).body;
  await bench.post(`/v1/accounts/${accountId}/deposits`, euros("10.00"));
  return accountId;
}

test("a state in an old form is folded on the connection that holds the lock", async () => {
  const ids = await Promise.all(Array.from({ length: 6 }, () => anAccount()));
  await bench.owner.query(`UPDATE ledger.streams SET state = '{"old":true}', state_schema = 0`);
  const [from, ...others] = ids;
  const transfers = others.map((to) => {
    return { fromAccountId: from, toAccountId: to, ...euros("1.00") };
  });
  const body = { mode: "atomic", transfers };
  const { status, body: done } = await bench.post("/v1/transfers/batch", body);
  expect([status, done.results.map((one: { status: string }) => one.status)]).toEqual([
    200,
    Array(5).fill("done"),
  ]);
  const last = await bench.post(`/v1/accounts/${from}/deposits`, euros("1.00"));
  expect(last.body).toMatchObject({ version: 8, balance: { value: "6.00" } });
});

test("a command whose transaction loses a deadlock is decided again by itself", async () => {
  const [fromAccountId, toAccountId] = [await anAccount(1), await anAccount(2)];
  const client = await bench.owner.connect();
  await client.query("BEGIN");
  await client.query("SELECT 1 FROM ledger.log_head WHERE ledger_id = 2 FOR UPDATE");
  const sent = bench.post("/v1/transfers", { fromAccountId, toAccountId, ...euros("4.00") });
  await expect.poll(() => blocked(bench.owner)).toBe(1);
  // It holds the first ledger and waits for the second longer than we do, so it is the one to go.
  await client.query("SELECT 1 FROM ledger.log_head WHERE ledger_id = 1 FOR UPDATE");
  await client.query("COMMIT");
  client.release();
  const { status, headers, body } = await sent;
  expect([status, headers["idempotency-replayed"]]).toEqual([201, undefined]);
  expect(body.from.balance.value).toBe("6.00");
  expect(await bench.metric("command_batch_retries_total")).toBe(1);
});

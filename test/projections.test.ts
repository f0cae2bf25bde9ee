import { execFile } from "node:child_process";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { urlFor } from "@countinghouse/cli";
import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Client, newClient, openBank, type RunningBank } from "./support/running-bank.ts";

const ROOT = resolve(import.meta.dirname, "..");
const TIMEOUT_MS = 120_000;
const run = promisify(execFile);

let bank: RunningBank;
let ada: Client;
let account = "";

beforeAll(async () => {
  bank = await openBank();
  ada = await newClient(bank.url);
  const opened = await ada.command("/v1/accounts", { type: "checking", currency: "EUR" });
  account = ((await opened.json()) as { accountId: string }).accountId;
  for (let i = 0; i < 10; i += 1) await deposit();
}, TIMEOUT_MS);
afterAll(() => bank.close(), TIMEOUT_MS);

async function deposit(): Promise<void> {
  const amount = { value: "5.00", currency: "EUR" };
  const answer = await ada.command(`/v1/accounts/${account}/deposits`, { amount });
  expect(answer.status).toBe(201);
}

/** Runs `countinghouse projections …` against the running bank. */
async function projections(...args: string[]): Promise<{ code: number; output: string }> {
  const argv = [join(ROOT, "tools/bootstrap.mjs"), "cli", "projections", ...args];
  const ended = await run(process.execPath, argv, { env: bank.env }).catch((error) => error);
  return { code: ended.code ?? 0, output: ended.stdout + ended.stderr };
}

/** Changes the read tables behind the back of the service. */
async function plant(sql: string): Promise<void> {
  const url = urlFor(bank.system.server, "countinghouse_projector", "query");
  const client = new pg.Client(url);
  await client.connect();
  await client.query(sql);
  await client.end();
}

test(
  "a wrong row is found by a rebuild, named, and mended by a switch",
  async () => {
    const early = await projections("switch");
    expect(early).toMatchObject({ code: 1, output: "There are no rebuilt tables.\n" });
    const rebuilt = await projections("rebuild", "--rate", "10000");
    expect(rebuilt).toMatchObject({ code: 0 });
    expect(rebuilt.output).toMatch(/11 of 11 events/);
    expect(await projections("verify")).toMatchObject({ code: 0 });
    await plant(`UPDATE read.entries SET amount_minor = 1 WHERE version = 4`);
    const verified = await projections("verify", "--show", "1");
    expect(verified.code).toBe(1);
    expect(verified.output).toContain("entries: 10 rows, 1 differ");
    const row = `entries account_id=${account} version=4: amount_minor is 1, not 500`;
    expect(verified.output).toContain(row);
    expect(verified.output).toContain("1 rows are not what the log makes them.");
    expect(await projections("switch")).toMatchObject({ code: 0 });
    await deposit();
    expect(await projections("rebuild")).toMatchObject({ code: 0 });
    expect(await projections("verify")).toMatchObject({ code: 0 });
  },
  TIMEOUT_MS,
);

test(
  "a rollback brings the tables of before back",
  async () => {
    expect(await projections("rollback")).toMatchObject({ code: 0 });
    await deposit();
    const { output } = await projections("rebuild");
    expect(output).toMatch(/13 of 13 events/);
    const verified = await projections("verify");
    expect(verified).toMatchObject({ code: 1 });
    expect(verified.output).toContain("version=4: amount_minor is 1, not 500");
    expect(await projections("switch")).toMatchObject({ code: 0 });
  },
  TIMEOUT_MS,
);

test(
  "parked accounts are listed, inspected and released",
  async () => {
    expect((await projections("parked", "list")).output).toBe("No account is parked.\n");
    await plant(`INSERT INTO read.parked_accounts
    VALUES ('${account}', 1, 14, gen_random_uuid(), 'planted', now())`);
    await deposit();
    expect((await projections("parked", "list")).output).toMatch(/version 14: planted/);
    const inspected = await projections("parked", "inspect", account);
    expect(inspected.output).toContain('"appliedVersion": 13');
    expect(inspected.output).toContain("1 events wait");
    expect(inspected.output).toContain('"type":"MoneyDeposited"');
    const released = await projections("parked", "release", account);
    expect(released.output).toBe("1 released, 0 still parked.\n");
    const again = await projections("parked", "inspect", account);
    expect(again).toMatchObject({ code: 1, output: `Account ${account} is not parked.\n` });
    const read = await ada.get(`/v1/accounts/${account}`);
    expect(await read.json()).toMatchObject({ version: 14 });
  },
  TIMEOUT_MS,
);

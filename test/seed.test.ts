import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { urlFor } from "@countinghouse/cli";
import type { Statement } from "@countinghouse/contracts";
import { boundsOfMonth } from "@countinghouse/service-kit";
import pg from "pg";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { type Auditor, auditAlone, newAuditor } from "./support/audit-cli.ts";
import { openBank, type RunningBank } from "./support/running-bank.ts";
import { tokenOf } from "./support/staff.ts";

const ROOT = resolve(import.meta.dirname, "..");
const TIMEOUT_MS = 240_000;
const ACCOUNTS = 12;
const run = promisify(execFile);

let folder: string;
let bank: RunningBank;
let log: pg.Client;
let auditor: Auditor;
let authorization: string;
let accounts: { accountId: string; openedAt: string }[];
/** The months of the year that are over, the last of them last. */
const months = Array.from({ length: 12 }, (_, i) => {
  const now = new Date();
  const first = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - 12 + i, 1));
  return first.toISOString().slice(0, "2026-11".length);
});

async function seed(...args: string[]): Promise<string> {
  const argv = [join(ROOT, "tools/bootstrap.mjs"), "cli", "seed", ...args];
  return (await run(process.execPath, argv, { env: bank.env })).stdout;
}

async function get(path: string, accept = "application/json"): Promise<Response> {
  const answer = await fetch(bank.url + path, { headers: { authorization, accept } });
  expect(answer.status, path).toBe(200);
  return answer;
}

const cents = ({ value }: { value: string }) => BigInt(value.replace(".", ""));

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "countinghouse-seed-"));
  bank = await openBank();
  const said = await seed("--accounts", String(ACCOUNTS), "--days", "400", "--seed", "7");
  expect(said).toContain(`${ACCOUNTS} accounts, 400 days: ledger 2`);
  auditor = await newAuditor(bank);
  authorization = `Bearer ${await tokenOf(bank.url, auditor.person)}`;
  log = new pg.Client(urlFor(bank.system.server, "countinghouse_relay", "ledger"));
  await log.connect();
  // The read side follows: what all accounts have by the log is what customers are owed.
  const sum = `SELECT sum((state ->> 'balance')::bigint) AS cents FROM ledger.streams
                WHERE category = 'account' AND ledger_id = 2`;
  const { rows } = await log.query(sum);
  const expected = BigInt(rows[0].cents);
  const isThere = async () => expect(await owed()).toBe(expected);
  await vi.waitFor(isThere, { timeout: 60_000, interval: 200 });
  accounts = ((await (await get("/v1/accounts?limit=100")).json()) as { items: [] }).items;
}, TIMEOUT_MS);
afterAll(async () => {
  await log.end();
  await bank.close();
  rmSync(folder, { recursive: true, force: true });
}, TIMEOUT_MS);

/** What the general ledger says that customers are owed, at a moment or now. */
async function owed(at?: Date): Promise<bigint> {
  const query = at === undefined ? "" : `?at=${at.toISOString()}`;
  const answer = await get(`/v1/ledger/trial-balance${query}`);
  const { items } = (await answer.json()) as {
    items: { glAccount: string; debits: { value: string }; credits: { value: string } }[];
  };
  const all = items.reduce((sum, { debits, credits }) => sum + cents(debits) - cents(credits), 0n);
  expect(all).toBe(0n);
  const line = items.find(({ glAccount }) => glAccount === "customer_deposits");
  return line === undefined ? 0n : cents(line.credits) - cents(line.debits);
}

const pathOf = (accountId: string, month: string) => {
  return `/v1/accounts/${accountId}/statements/${month}`;
};

test(
  "[S65] of a year, the closing balances of all statements are what the trial balance has",
  async () => {
    expect(accounts).toHaveLength(ACCOUNTS);
    const types = new Set<string>();
    for (const month of months) {
      const answers = await Promise.all(accounts.map((one) => get(pathOf(one.accountId, month))));
      const statements = (await Promise.all(answers.map((one) => one.json()))) as Statement[];
      expect(statements.every(({ closed }) => closed)).toBe(true);
      const { end } = boundsOfMonth("UTC", month);
      const closing = statements.reduce((sum, one) => sum + cents(one.closingBalance), 0n);
      expect(closing).toBe(await owed(new Date(end.valueOf() - 1)));
      for (const { type } of statements.flatMap(({ entries }) => entries)) types.add(type);
    }
    const wanted = ["capture", "deposit", "fee", "interest", "transfer", "withdrawal"];
    expect([...types].sort()).toEqual(wanted);
  },
  TIMEOUT_MS,
);

test(
  "a statement from an exported bundle is that of the bank, byte for byte",
  async () => {
    const bundle = join(folder, "bundle");
    const { rows } = await log.query("SELECT position FROM ledger.log_head WHERE ledger_id = 2");
    const size = async () => {
      const note = await (await fetch(`${bank.url}/v1/audit/checkpoint?ledger=2`)).text();
      return note.split("\n")[1];
    };
    await expect.poll(size, { timeout: 30_000 }).toBe(rows[0].position);
    expect(await auditor.audit("export", bundle, "--ledger", "2")).toMatchObject({ code: 0 });
    expect(await auditAlone("verify", bundle)).toMatchObject({ code: 0 });
    const [first, , third] = accounts.map(({ accountId }) => accountId);
    for (const [account = "", month = ""] of [
      [first, months[3]],
      [third, months[11]],
    ]) {
      const out = join(folder, "statement.json");
      const asked = ["--account", account, "--month", month, "--out", out];
      expect(await auditAlone("statement", bundle, ...asked)).toMatchObject({ code: 0 });
      const theirs = await (await get(pathOf(account, month))).text();
      expect(readFileSync(out, "utf8")).toBe(theirs);
      for (const form of ["text/csv", "application/pdf", "application/xml"]) {
        expect((await get(pathOf(account, month), form)).headers.get("content-type")).toContain(
          form,
        );
      }
    }
    const later = ["--account", String(first), "--month", "2100-01"];
    const refused = await auditAlone("statement", bundle, ...later);
    expect([refused.code, refused.err]).toEqual([
      1,
      expect.stringContaining("ends before 2100-01"),
    ]);
    const nobody = ["--account", "nobody", "--month", String(months[0])];
    expect((await auditAlone("statement", bundle, ...nobody)).code).toBe(1);
  },
  TIMEOUT_MS,
);

test(
  "the same seed is the same town, in a ledger of its own",
  async () => {
    const size = ["--accounts", "3", "--days", "40", "--seed", "11"];
    expect(await seed(...size)).toContain("ledger 3");
    expect(await seed(...size)).toContain("ledger 4");
    const { rows } = await log.query(
      `SELECT ledger_id AS ledger, string_agg(what, ', ' ORDER BY what) AS what
         FROM (SELECT ledger_id, recorded_at::date || ' ' || type || ' ' ||
                      coalesce(data -> 'amount' ->> 'value', '') AS what
                 FROM ledger.events WHERE ledger_id > 2) AS events
        GROUP BY ledger_id ORDER BY ledger_id`,
    );
    expect(rows.map(({ ledger }) => ledger)).toEqual([3, 4]);
    expect(rows[0].what).toBe(rows[1].what);
  },
  TIMEOUT_MS,
);

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Auditor, auditAlone, newAuditor } from "./support/audit-cli.ts";
import { type Client, newClient, openBank, type RunningBank } from "./support/running-bank.ts";
import {
  alarmsOf,
  checkpointOf,
  deposits,
  openAccount,
  sealed,
  superuser,
} from "./support/sealed-bank.ts";

const TIMEOUT_MS = 120_000;
const PATIENCE = { timeout: 20_000, interval: 50 };
const [THEN, NOW] = [300, 400];
const TABLES = {
  ledger: ["log_head", "events", "streams", "idempotency"],
  audit: ["trees", "tiles", "bundles", "tail", "checkpoints"],
};

let folder = "";
let bank: RunningBank;
let auditor: Auditor;
let ada: Client;
let account = "";
/** What was published last before anything was set back. */
let newest = "";
let thenFile = "";

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "countinghouse-set-back-"));
  bank = await openBank();
  auditor = await newAuditor(bank);
  ada = await newClient(bank.url);
  account = await openAccount(ada);
  await deposits(ada, account, THEN - 1);
  await sealed(bank, THEN);
  await everywhere((schema, table) => `CREATE TABLE kept.${table} AS TABLE ${schema}.${table}`);
  thenFile = readFileSync(checkpointFile(), "utf8");
  await deposits(ada, account, NOW - THEN);
  newest = await sealed(bank, NOW);
  writeFileSync(join(folder, "newest"), newest);
  const watched = await watch();
  expect(watched).toMatchObject({ code: 0 });
}, TIMEOUT_MS);
afterAll(async () => {
  await bank.close();
  rmSync(folder, { recursive: true, force: true });
}, TIMEOUT_MS);

const watch = () => auditor.audit("watch", "--once", "--state", join(folder, "state"));

/** Where the audit remembers what it has published, apart from the database. */
function checkpointFile(): string {
  return join(bank.env.COUNTINGHOUSE_DATA ?? "", "checkpoints", "ledger-1.checkpoint");
}

async function everywhere(sqlOf: (schema: string, table: string) => string): Promise<void> {
  for (const [schema, tables] of Object.entries(TABLES)) {
    const client = await superuser(bank, schema);
    await client.query("CREATE SCHEMA IF NOT EXISTS kept");
    for (const table of tables) await client.query(sqlOf(schema, table));
    await client.end();
  }
}

/** Puts the whole database back to what it was, as a backup does, and starts everything anew. */
async function setBack(): Promise<void> {
  await everywhere((schema, table) => {
    return `TRUNCATE ${schema}.${table}; INSERT INTO ${schema}.${table} TABLE kept.${table}`;
  });
  await bank.kill();
  await bank.restart();
}

const messages = () => alarmsOf(bank).map(({ msg }) => msg);

test(
  "[S45] set back with the log, the audit signs nothing smaller and nothing else",
  async () => {
    await setBack();
    await expect
      .poll(messages, PATIENCE)
      .toContain("ALARM: the log is shorter than what was sealed");
    expect(await checkpointOf(bank)).toBe(newest);
    await deposits(ada, account, NOW - THEN + 5);
    await expect.poll(messages, PATIENCE).toContain("ALARM: this ledger is sealed no further");
    expect(await checkpointOf(bank)).toBe(newest);
  },
  TIMEOUT_MS,
);

test(
  "[S45] with its memory set back as well, whoever has seen more finds out",
  async () => {
    await setBack();
    writeFileSync(checkpointFile(), thenFile);
    await bank.kill();
    await bank.restart();
    await deposits(ada, account, NOW - THEN + 5);
    await sealed(bank, NOW + 5);
    const watched = await watch();
    expect(watched).toMatchObject({ code: 1 });
    expect(watched.out).toContain("ALARM inconsistent: the log of 405 events does not begin with");
    const exported = await auditor.audit("export", join(folder, "bundle"));
    expect(exported).toMatchObject({ code: 0 });
    const against = ["--against", join(folder, "newest")];
    const verified = await auditAlone("verify", join(folder, "bundle"), ...against);
    expect(verified).toMatchObject({ code: 1 });
    expect(verified.out).toContain("✘ forked: the log does not begin with what it was");
    expect((await auditAlone("verify", join(folder, "bundle"))).code).toBe(0);
  },
  TIMEOUT_MS,
);

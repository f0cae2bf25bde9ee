import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Auditor, auditAlone, newAuditor, type Spawned } from "./support/audit-cli.ts";
import { newClient, openBank, type RunningBank } from "./support/running-bank.ts";
import { alarmsOf, deposits, openAccount, sealed, superuser } from "./support/sealed-bank.ts";

const TIMEOUT_MS = 120_000;
const PATIENCE = { timeout: 20_000, interval: 50 };
/** Two tiles and a bit. */
const EVENTS = 700;
const OLDER = 300;

let folder = "";
let bank: RunningBank;
let auditor: Auditor;
let watch: Spawned;
let ledger: pg.Client;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "countinghouse-tampering-"));
  bank = await openBank([], { AUDIT_COMPARE_RATE: "1000000" });
  auditor = await newAuditor(bank);
  const ada = await newClient(bank.url);
  const account = await openAccount(ada);
  await deposits(ada, account, OLDER - 1);
  writeFileSync(join(folder, "older"), await sealed(bank, OLDER));
  await deposits(ada, account, EVENTS - OLDER);
  await sealed(bank, EVENTS);
  ledger = await superuser(bank, "ledger");
  await ledger.query("CREATE TEMP TABLE saved AS SELECT * FROM ledger.events");
  watch = auditor.begin("watch", "--every", "0.2");
  await watch.says(`all ${EVENTS} events read again`);
}, TIMEOUT_MS);
afterAll(async () => {
  watch.child.kill();
  await watch.ended();
  await ledger.end();
  await bank.close();
  rmSync(folder, { recursive: true, force: true });
}, TIMEOUT_MS);

/** What an auditor finds who exports the log now and knows an older checkpoint. */
async function verdict(): Promise<{ code: number | null; out: string }> {
  const bundle = mkdtempSync(join(folder, "bundle-"));
  const exported = await auditor.audit("export", bundle);
  expect(exported.err).not.toContain("ALARM");
  expect(exported.code).toBe(0);
  return auditAlone("verify", bundle, "--against", join(folder, "older"));
}

/** The positions at which the bank's own comparison has raised the alarm. */
function alarms(): (number | undefined)[] {
  const told = alarmsOf(bank).filter(({ msg }) => msg.includes("an event of the log"));
  return told.map(({ position }) => position);
}

const set = (what: string) => (at: number) => {
  return `UPDATE ledger.events SET ${what} WHERE position = ${at}`;
};
const setIn = (column: string, path: string, value: string) => {
  return set(`${column} = jsonb_set(${column}::jsonb, '{${path}}', '${value}')::text::json`);
};
/** Moves what is at and after a position by so many, without anything in each other's way. */
const shift = (from: number, by: number) => `
  UPDATE ledger.events SET position = -(position + ${by}) WHERE position >= ${from};
  UPDATE ledger.events SET position = -position WHERE position < 0`;
const copy = (from: number, to: number) => `
  INSERT INTO ledger.events (ledger_id, position, event_id, stream_id, version, type,
    schema_version, data, meta, recorded_at)
  SELECT ledger_id, ${to}, gen_random_uuid(), stream_id, version + 1000000, type,
    schema_version, data, meta, recorded_at FROM ledger.events WHERE position = ${from}`;
const remove = (at: number) => `DELETE FROM ledger.events WHERE position = ${at}`;

/** `finding`: what verify calls it, at this position. */
interface Tampering {
  readonly what: string;
  readonly sql: (at: number) => string;
  readonly finding: string;
  /** Where it is done; a place of its own unless given. */
  readonly at?: number;
}

const OTHER = "99999999-9999-4999-8999-999999999999";
const KINDS: Tampering[] = [
  { what: "an amount", sql: setIn("data", "amount,value", '"9.00"'), finding: "edited" },
  { what: "a balance", sql: setIn("data", "balanceAfter,value", '"9.00"'), finding: "edited" },
  { what: "a currency", sql: setIn("data", "amount,currency", '"USD"'), finding: "edited" },
  { what: "a direction", sql: setIn("data", "direction", '"debit"'), finding: "edited" },
  { what: "one more member", sql: setIn("data", "reference", '"gift"'), finding: "edited" },
  { what: "all data", sql: set("data = '{}'"), finding: "edited" },
  { what: "who did it", sql: setIn("meta", "actor,userId", `"${OTHER}"`), finding: "edited" },
  { what: "a correlation", sql: setIn("meta", "correlationId", '"x"'), finding: "edited" },
  { what: "the ledger in meta", sql: setIn("meta", "ledger", "2"), finding: "edited" },
  { what: "a type", sql: set("type = 'MoneyWithdrawn'"), finding: "edited" },
  { what: "a version", sql: set("version = 1000000"), finding: "edited" },
  { what: "a schema version", sql: set("schema_version = 2"), finding: "edited" },
  { what: "a time", sql: set("recorded_at = recorded_at - interval '1 day'"), finding: "edited" },
  {
    what: "a millisecond",
    sql: set("recorded_at = recorded_at + interval '1 ms'"),
    finding: "edited",
  },
  { what: "an event's id", sql: set(`event_id = '${OTHER}'`), finding: "edited" },
  { what: "an event's account", sql: set(`stream_id = '${OTHER}'`), finding: "edited" },
  {
    what: "the first event",
    sql: setIn("data", "ownerId", `"${OTHER}"`),
    finding: "edited",
    at: 1,
  },
  { what: "the last event", sql: set("version = 1000000"), finding: "edited", at: EVENTS },
  {
    what: "two events that change places",
    sql: (at) => `UPDATE ledger.events SET position = -position WHERE position = ${at};
      UPDATE ledger.events SET position = ${at} WHERE position = ${at + 1};
      UPDATE ledger.events SET position = ${at + 1} WHERE position < 0`,
    finding: "edited",
  },
  {
    what: "one event in the place of the next",
    sql: (at) => `${remove(at)}; ${copy(at - 1, at)}`,
    finding: "edited",
  },
  { what: "an event that is taken out", sql: remove, finding: "deleted" },
  {
    what: "an event that is taken out, and the gap closed",
    sql: (at) => `${remove(at)}; ${shift(at + 1, -1)}`,
    finding: "rewritten",
  },
  {
    what: "an event that is put in",
    sql: (at) => `${shift(at, 1)}; ${copy(at - 1, at)}`,
    finding: "rewritten",
  },
  {
    what: "everything from somewhere on",
    sql: (at) => `UPDATE ledger.events SET event_id = gen_random_uuid() WHERE position >= ${at}`,
    finding: "rewritten",
  },
  {
    what: "the end, cut off",
    sql: (at) => `DELETE FROM ledger.events WHERE position >= ${at}`,
    finding: "truncated",
  },
  {
    what: "the end, cut off as if it had never been",
    sql: (at) => `DELETE FROM ledger.events WHERE position >= ${at};
      UPDATE ledger.log_head SET position = ${at - 1} WHERE ledger_id = 1`,
    finding: "truncated",
  },
  {
    what: "a line that is broken in two",
    sql: set("data = replace(data::text, ',', E',\\n')::json"),
    finding: "malformed_event",
  },
];

const placed = KINDS.map((kind, i) => ({ ...kind, at: kind.at ?? 200 + 11 * i }));

test(
  "what is clean is found clean, by everybody",
  async () => {
    const { code, out } = await verdict();
    expect([code, out]).toEqual([0, expect.stringContaining("CLEAN")]);
    expect(alarms()).toEqual([]);
    expect(watch.output()).not.toContain("ALARM");
  },
  TIMEOUT_MS,
);

test.each(placed)(
  "$what in the log is found at $at",
  async ({ sql, finding, at }) => {
    const before = watch.output().length;
    await ledger.query(sql(at));
    try {
      const { code, out } = await verdict();
      expect(out).toMatch(new RegExp(`✘ ${finding}: .* at position ${at}\\b`));
      expect([code, out.trimEnd()]).toEqual([
        1,
        expect.stringMatching(/TAMPERED: \d+ findings\.$/),
      ]);
      const seen = () => watch.output().slice(before);
      await expect.poll(seen, PATIENCE).toMatch(new RegExp(`ALARM log_\\w+: .* ${at}\\b`));
      await expect.poll(alarms, PATIENCE).toContain(at);
    } finally {
      await ledger.query(`TRUNCATE ledger.events; INSERT INTO ledger.events SELECT * FROM saved;
      UPDATE ledger.log_head SET position = ${EVENTS} WHERE ledger_id = 1`);
    }
  },
  TIMEOUT_MS,
);

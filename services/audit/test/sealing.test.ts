import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { FakeBank } from "@countinghouse/testing";
import {
  canonicalJson,
  combine,
  completeSubtrees,
  createNoteSigner,
  leafHash,
  nodeHash,
  signCheckpoint,
} from "@countinghouse/transparency";
import { afterEach, expect, test } from "vitest";
import { openAudit, type TestAudit } from "./support/audit.ts";

let audit: TestAudit | undefined;
afterEach(async () => {
  await audit?.close();
  audit = undefined;
});

/** The root over the log's events, computed from nothing but them. */
function rootOf({ events }: Pick<FakeBank, "events">, size = events.length): Buffer {
  const leaves = events.slice(0, size).map((event) => leafHash(Buffer.from(canonicalJson(event))));
  const hashOf = (level: number, index: number): Buffer => {
    if (level === 0) return leaves[index] ?? Buffer.alloc(0);
    return nodeHash(hashOf(level - 1, 2 * index), hashOf(level - 1, 2 * index + 1));
  };
  const parts = completeSubtrees({ begin: 0, end: size });
  return combine(parts.map(({ level, index }) => hashOf(level, index)));
}

function bankOf(events: number): FakeBank {
  const bank = new FakeBank();
  bank.fill(events);
  return bank;
}

test("[S45] the log is sealed to its end, and what comes later within two seconds", async () => {
  const bank = bankOf(700);
  audit = await openAudit(bank);
  const first = await audit.checkpointOf(700);
  expect(first).toMatchObject({ size: 700, root: rootOf(bank) });
  expect(first.origin).toBe("countinghouse.localhost/ledger/1");
  for (let i = 0; i < 3; i += 1) {
    bank.fill(700 + 25 * (i + 1));
    const startedAt = performance.now();
    const next = await audit.checkpointOf(bank.events.length);
    expect(performance.now() - startedAt).toBeLessThan(2_000);
    expect(next.root).toEqual(rootOf(bank));
  }
});

test("an empty ledger has a checkpoint of nothing; each ledger has its own key", async () => {
  const [first, second] = [bankOf(5), new FakeBank(2)];
  audit = await openAudit(first, second);
  await audit.checkpointOf(5, 1);
  const empty = await audit.checkpointOf(0, 2);
  expect(empty).toMatchObject({ size: 0, origin: "countinghouse.localhost/ledger/2" });
  const [one, two] = [await audit.key(1), await audit.key(2)];
  expect(one.publicKey).not.toEqual(two.publicKey);
});

test("a restart goes on where it was, whatever the size", async () => {
  const bank = bankOf(300);
  audit = await openAudit(bank);
  for (const size of [300, 512, 513, 1_100]) {
    bank.fill(size);
    await audit.checkpointOf(size);
    await audit.restart();
    const again = await audit.checkpointOf(size);
    expect(again).toMatchObject({ size, root: rootOf(bank) });
  }
});

test("[S45] set back to an older state it signs nothing smaller, and comes back", async () => {
  const bank = bankOf(300);
  audit = await openAudit(bank);
  await audit.checkpointOf(300);
  await audit.stop();
  const restore = await audit.backUp();
  bank.fill(900);
  await audit.restart();
  const published = await audit.checkpointOf(900);
  await audit.stop();
  await restore();
  bank.fill(910);
  await audit.restart();
  const sizes = new Set<number>();
  await expect
    .poll(
      async () => {
        const { size } = (await audit?.checkpoint().catch(() => undefined)) ?? {};
        if (size !== undefined) sizes.add(size);
        return size;
      },
      { timeout: 10_000, interval: 10 },
    )
    .toBe(910);
  expect(Math.min(...sizes)).toBeGreaterThanOrEqual(published.size);
  expect((await audit.checkpoint()).root).toEqual(rootOf(bank));
});

test("a database that is lost altogether is made up for from the log", async () => {
  const bank = bankOf(600);
  audit = await openAudit(bank);
  await audit.checkpointOf(600);
  await audit.stop();
  await audit.tamper("TRUNCATE audit.trees, audit.tiles, audit.bundles, audit.tail");
  await audit.tamper("TRUNCATE audit.checkpoints");
  await audit.restart();
  bank.fill(650);
  const next = await audit.checkpointOf(650);
  expect(next.root).toEqual(rootOf(bank));
});

test("[S45] another history is not signed, even when the database is lost", async () => {
  const bank = bankOf(600);
  audit = await openAudit(bank);
  const published = await audit.checkpointOf(600);
  await audit.stop();
  await audit.tamper("TRUNCATE audit.trees, audit.tiles, audit.bundles, audit.tail");
  await audit.tamper("TRUNCATE audit.checkpoints");
  audit.relay.logs.splice(0, 1, bankOf(800));
  await audit.restart();
  await audit.alarm('audit_refused{ledger="1",code="published_d');
  expect((await audit.checkpoint()).note).toBe(published.note);
});

test("[S45] a log that was exchanged is found when it is followed anew", async () => {
  const bank = bankOf(400);
  audit = await openAudit(bank);
  const published = await audit.checkpointOf(400);
  audit.relay.logs.splice(0, 1, bankOf(500));
  audit.relay.cut();
  await audit.alarm('audit_refused{ledger="1",code="log_differs"');
  expect((await audit.checkpoint()).note).toBe(published.note);
});

test("a log that is shorter than what was sealed raises the alarm", async () => {
  const bank = bankOf(400);
  audit = await openAudit(bank);
  const published = await audit.checkpointOf(400);
  const [log] = audit.relay.logs;
  if (log) log.events = log.events.slice(0, 390);
  await audit.restart();
  await audit.alarm('audit_log_missing_events{ledger="1",service="audit"} 10');
  expect((await audit.checkpoint()).note).toBe(published.note);
});

const BROKEN: [what: string, sql: string, code: string][] = [
  ["a hash of a full tile", "UPDATE audit.tiles SET root = sha256('x')", "broken_tree"],
  [
    "an entry of the tail",
    "UPDATE audit.tail SET entry = '{}' WHERE position = 600",
    "broken_tree",
  ],
  ["a missing entry", "DELETE FROM audit.tail WHERE position = 600", "broken_tree"],
  ["the stored root", "UPDATE audit.trees SET root = sha256('x')", "broken_tree"],
  [
    "leaves, with all that follows from them",
    `DELETE FROM audit.tail WHERE position > 599;
     DELETE FROM audit.checkpoints WHERE size > 599`,
    "broken_tree",
  ],
];

test.each(BROKEN)("[S45] %s changed by a superuser is found at the start", async (_, sql, code) => {
  const bank = bankOf(600);
  audit = await openAudit(bank);
  const published = await audit.checkpointOf(600);
  await audit.stop();
  await audit.tamper(sql);
  bank.fill(700);
  await audit.restart();
  await audit.alarm(`audit_refused{ledger="1",code="${code}"`);
  expect((await audit.checkpoint()).note).toBe(published.note);
});

test("another key signs nothing in the name of the old one", async () => {
  audit = await openAudit(bankOf(10));
  await audit.checkpointOf(10);
  await audit.restart({ CHECKPOINT_KEY: Buffer.alloc(32, 6).toString("base64url") });
  await audit.alarm('audit_refused{ledger="1",code="another_key"');
  const { status } = await audit.auditor("/v1/audit/checkpoint");
  expect(status).toBe(503);
});

test("a remembered checkpoint that this service never signed is not believed", async () => {
  const bank = bankOf(10);
  audit = await openAudit(bank);
  await audit.checkpointOf(10);
  await audit.stop();
  const forger = createNoteSigner("countinghouse.localhost/ledger/1", Buffer.alloc(32, 3));
  const path = join(audit.folder, "checkpoints/ledger-1.checkpoint");
  writeFileSync(path, signCheckpoint(forger, { size: 5, root: rootOf(bank, 5) }));
  await audit.restart();
  await audit.alarm('audit_refused{ledger="1",code="another_key"');
});

test("a lost folder is made up for from the database", async () => {
  const bank = bankOf(300);
  audit = await openAudit(bank);
  await audit.checkpointOf(300);
  await audit.stop();
  rmSync(join(audit.folder, "checkpoints"), { recursive: true });
  await audit.restart();
  bank.fill(320);
  expect((await audit.checkpointOf(320)).root).toEqual(rootOf(bank));
});

test("two processes seal one ledger, and no checkpoint contradicts another", async () => {
  const bank = bankOf(300);
  audit = await openAudit(bank);
  const other = await audit.another();
  try {
    for (let size = 350; size <= 1_000; size += 50) {
      bank.fill(size);
      const { root, size: signed } = await audit.checkpointOf(size);
      expect(root).toEqual(rootOf(bank, signed));
    }
    expect(await audit.alarms()).toEqual([]);
  } finally {
    await other.close();
  }
});

test("an event too large for a leaf is an alarm, and what is before it stays proved", async () => {
  const bank = bankOf(20);
  audit = await openAudit(bank);
  await audit.checkpointOf(20);
  bank.fill(30);
  const [event] = bank.events.slice(-1);
  if (event) bank.events[29] = { ...event, data: { reference: "x".repeat(66_000) } };
  await audit.alarm('audit_refused{ledger="1",code="entry_too_large"');
  const { size } = await audit.checkpoint();
  expect(size).toBe(29);
});

import { randomBytes } from "node:crypto";
import { FakeBank } from "@countinghouse/testing";
import {
  cosignedAt,
  openNote,
  parseCheckpoint,
  type VerifierKey,
  verifyTlogProof,
} from "@countinghouse/transparency";
import { afterEach, beforeEach, expect, test } from "vitest";
import { entryOf } from "../src/sealing/grow.ts";
import { openAudit, type TestAudit } from "./support/audit.ts";
import { TestWitness } from "./support/witness.ts";

const POLL = { timeout: 15_000, interval: 10 };

let bank: FakeBank;
let audit: TestAudit;
let witness: TestWitness;

beforeEach(async () => {
  bank = new FakeBank();
  bank.fill(10);
  audit = await openAudit(bank);
  await audit.checkpointOf(10);
  witness = new TestWitness();
  await witness.open();
  witness.log = await audit.key();
});
afterEach(async () => {
  witness.close();
  await audit.close();
});

const withWitnesses = (...witnesses: TestWitness[]) => ({
  AUDIT_WITNESSES: witnesses.map(({ setting }) => setting).join(", "),
});

/** The newest checkpoint, once all of these have signed it. */
async function cosigned(size: number, ...keys: VerifierKey[]): Promise<string> {
  const all = witness.log === undefined ? keys : [witness.log, ...keys];
  const signers = async () => {
    const { text, status } = await audit.auditor("/v1/audit/checkpoint");
    if (status !== 200 || parseCheckpoint(text).size < size) return 0;
    return openNote(text, all).signedBy.length;
  };
  await expect.poll(signers, POLL).toBe(all.length);
  return (await audit.auditor("/v1/audit/checkpoint")).text;
}

test("[S45] a witness signs as the log grows, and its signature is given out", async () => {
  await audit.restart(withWitnesses(witness));
  for (const size of [10, 300, 1_000]) {
    bank.fill(size);
    const note = await cosigned(size, witness.signer.key);
    const line = parseCheckpoint(note).signatures.at(-1);
    expect(Date.now() / 1_000 - (line ? cosignedAt(line) : 0)).toBeLessThan(60);
  }
  expect(witness.size).toBe(1_000);
  expect(witness.asked[0]).toMatchObject({ old: 0, proof: [] });
  expect(new Set(witness.statuses)).toEqual(new Set([200]));
  expect(witness.asked.slice(1).every(({ old, size }) => old < size)).toBe(true);
});

test("a proof of an older size comes with the witness's signature, too", async () => {
  await audit.restart(withWitnesses(witness));
  await cosigned(10, witness.signer.key);
  bank.fill(20);
  await audit.checkpointOf(20);
  const path = "/v1/audit/proofs/inclusion?position=3&treeSize=10";
  const { text } = await audit.auditor(path, { accept: "text/plain" });
  const [, note = ""] = text.split(/\n\n(.*)/s);
  expect(openNote(note, [witness.signer.key]).signedBy).toHaveLength(1);
  const event = bank.events[2];
  expect(event && verifyTlogProof(text, entryOf(event), [await audit.key()])?.size).toBe(10);
});

test("a witness that knows another size says so, and is asked from there", async () => {
  await audit.restart(withWitnesses(witness));
  await cosigned(10, witness.signer.key);
  await audit.restart();
  bank.fill(40);
  await audit.checkpointOf(40);
  await audit.tamper("TRUNCATE audit.cosignatures");
  await audit.restart(withWitnesses(witness));
  await cosigned(40, witness.signer.key);
  expect(witness.statuses.slice(-2)).toEqual([409, 200]);
  expect(witness.asked.at(-1)).toMatchObject({ old: 10, size: 40 });
});

test("its signature is there again after a restart, and it is not asked again", async () => {
  await audit.restart(withWitnesses(witness));
  await cosigned(10, witness.signer.key);
  const { length } = witness.asked;
  await audit.restart(withWitnesses(witness));
  await cosigned(10, witness.signer.key);
  expect(witness.asked).toHaveLength(length);
});

const DEAD: [what: string, instead: NonNullable<TestWitness["instead"]>][] = [
  ["hangs", () => undefined],
  ["breaks off", (response) => response.destroy()],
  ["refuses", (response) => response.writeHead(503).end()],
  ["signs with nothing", (response) => response.end("\u2014 a AAAAAAAA\n")],
  ["talks without end", (response) => response.end("x".repeat(100_000))],
];

test.each(DEAD)("a witness that %s holds up neither sealing nor the others", async (_, instead) => {
  const other = new TestWitness(2);
  await other.open();
  other.log = witness.log;
  witness.instead = instead;
  await audit.restart(withWitnesses(witness, other));
  for (const size of [300, 600]) {
    bank.fill(size);
    await cosigned(size, other.signer.key);
  }
  other.close();
});

test("[S45] a witness that has seen another history raises the alarm", async () => {
  witness.remember(5, randomBytes(32));
  await audit.restart(withWitnesses(witness));
  await audit.alarm("audit_witness_failures_total", 'status="422"');
  const { text } = await audit.auditor("/v1/audit/checkpoint");
  expect(parseCheckpoint(text).signatures).toHaveLength(1);
});

test("[S45] a witness that has signed a larger log raises the alarm", async () => {
  witness.remember(5_000, randomBytes(32));
  await audit.restart(withWitnesses(witness));
  await audit.alarm("audit_witness_failures_total", 'status="422"');
});

test.each([
  ["no URL", "w+00000000+AAAA"],
  ["no key", "key http://127.0.0.1/"],
  ["another scheme", "w+00000000+AAAA ftp://127.0.0.1/"],
])("a setting with %s is refused at the start", async (_, text) => {
  await audit.stop();
  await expect(audit.restart({ AUDIT_WITNESSES: text })).rejects.toThrow(/AUDIT_WITNESSES/);
});

test("the key of a log is no key of a witness", async () => {
  const { text } = await audit.auditor("/v1/audit/key");
  await audit.stop();
  const setting = { AUDIT_WITNESSES: `${text.trim()} http://127.0.0.1/` };
  await expect(audit.restart(setting)).rejects.toThrow(/the key of a log/);
});

import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { boundsOfMonth } from "@countinghouse/service-kit";
import { foldStatement } from "@countinghouse/verifier";
import { extractText } from "unpdf";
import { afterAll, beforeAll, expect, test } from "vitest";
import { validateXML } from "xmllint-wasm";
import { type Serving, serving } from "./support/service.ts";

const ZONE = "Europe/Berlin";
const SCHEMA = new URL("./support/schemas/camt.053.001.08.xsd", import.meta.url);
const FORMS = ["application/json", "text/csv", "application/pdf", "application/xml"];
const WRITTEN = [
  "Miete, Łódź №4",
  '"100 %" & <mehr> \ufffe',
  "コーヒー 東京",
  "=1+2",
  "r".repeat(140),
];

let now = new Date("2026-05-15T12:00:00.000Z");
let world: Serving;
let id = "";
let other = "";

beforeAll(async () => {
  world = await serving({ now: () => now, timeZone: ZONE });
  const { log } = world;
  log.nowMs = Date.parse("2026-03-20T10:00:00.000Z");
  id = log.open({ name: "Haushalt Dvořák – 家計簿" });
  other = log.open();
  log.deposit(id, "1000.00", "Lohn");
  // The last second of March in Berlin, where it is summer by now, then the first of April.
  log.nowMs = Date.parse("2026-03-31T21:59:59.999Z");
  log.withdraw(id, "10.00");
  log.nowMs = Date.parse("2026-03-31T22:00:00.000Z");
  for (const reference of WRITTEN) log.withdraw(id, "1.00", reference);
  const sent = log.transfer(id, other, "200.00", "back soon");
  log.reverse(sent, "wrong account");
  log.nowMs = Date.parse("2026-04-30T21:59:59.000Z");
  log.deposit(id, "0.05");
  log.nowMs = Date.parse("2026-05-10T08:00:00.000Z");
  log.withdraw(id, "5.00");
  await world.catchUp();
});
afterAll(async () => {
  await world.end();
});

interface Got {
  readonly status: number;
  readonly type: string;
  readonly text: string;
  readonly bytes: Uint8Array;
}

async function get(month: string, accept = "application/json", account = id): Promise<Got> {
  const path = `${world.url}/v1/accounts/${account}/statements/${month}`;
  const headers = { authorization: world.authorization, accept };
  const response = await fetch(path, { headers });
  const bytes = new Uint8Array(await response.arrayBuffer());
  const type = response.headers.get("content-type") ?? "";
  return { status: response.status, type, text: new TextDecoder().decode(bytes), bytes };
}

const statement = async (month: string, account = id) => {
  return JSON.parse((await get(month, "application/json", account)).text);
};
const money = (value: string) => ({ value, currency: "EUR" });

test("[S45] a month is that of the time zone, to the millisecond", async () => {
  const march = await statement("2026-03");
  expect(march.entries.map((entry: { amount: object }) => entry.amount)).toEqual([
    money("1000.00"),
    money("10.00"),
  ]);
  const april = await statement("2026-04");
  expect(april.openingBalance).toEqual(march.closingBalance);
  expect(april.entries).toHaveLength(WRITTEN.length + 3);
});

test("[S45] a statement goes from its opening to its closing balance", async () => {
  const { entries, ...head } = await statement("2026-04");
  expect(head).toEqual({
    ...{ accountId: id, month: "2026-04", closed: true },
    openingBalance: money("990.00"),
    closingBalance: money("985.05"),
    credits: money("200.05"),
    debits: money("205.00"),
  });
  expect(entries.at(-1).balanceAfter).toEqual(head.closingBalance);
});

test("[S45] the log alone gives the same statement, byte for byte", async () => {
  for (const [account, month] of [
    [id, "2026-03"],
    [id, "2026-04"],
    [other, "2026-04"],
  ] as const) {
    const events = world.log.events.filter(({ streamId }) => streamId === account);
    const folded = foldStatement(events, { month, ...boundsOfMonth(ZONE, month) });
    expect(JSON.stringify(folded)).toBe((await get(month, undefined, account)).text);
  }
});

test("a log whose balances do not follow makes no statement", () => {
  const events = world.log.events.filter(({ streamId }) => streamId === id);
  const forged = events.map((event, i) => {
    return i === 1 ? { ...event, data: { ...event.data, amount: money("1.00") } } : event;
  });
  const month = { month: "2026-04", ...boundsOfMonth(ZONE, "2026-04") };
  expect(() => foldStatement(forged as typeof events, month)).toThrow(/version 2/);
});

for (const form of FORMS) {
  test(`[S45] a closed month is the same for ever as ${form}, byte for byte`, async () => {
    const before = await get("2026-04", form);
    expect([before.status, before.type]).toEqual([200, expect.stringMatching(`^${form}`)]);
    world.log.deposit(id, "1.00", "later");
    await world.catchUp();
    now = new Date(now.valueOf() + 86_400_000);
    expect((await get("2026-04", form)).bytes).toEqual(before.bytes);
  });
}

test("a month that is not over is not closed, and neither is one just over", async () => {
  const quiet = world.log.open();
  await world.catchUp();
  const month = new Date(world.log.nowMs).toISOString().slice(0, 7);
  const { end } = boundsOfMonth(ZONE, month);
  const closedAt = async (moment: number) => {
    now = new Date(moment);
    return (await statement(month, quiet)).closed;
  };
  expect(await closedAt(end.valueOf() - 1)).toBe(false);
  expect(await closedAt(end.valueOf() + 59_999)).toBe(false);
  expect(await closedAt(end.valueOf() + 60_000)).toBe(true);
});

test("a month is not closed while the log has more of it than the read tables", async () => {
  const late = world.log.open();
  world.log.deposit(late, "1.00");
  await world.catchUp();
  const month = new Date(world.log.nowMs).toISOString().slice(0, 7);
  world.log.deposit(late, "2.00");
  now = new Date(boundsOfMonth(ZONE, month).end.valueOf() + 3_600_000);
  expect((await statement(month, late)).closed).toBe(false);
  await world.catchUp();
  const { closed, closingBalance } = await statement(month, late);
  expect([closed, closingBalance]).toEqual([true, money("3.00")]);
});

test("a closed month is not given while nobody can say that it is whole", async () => {
  const asked = world.log.open();
  await world.catchUp();
  const month = new Date(world.log.nowMs).toISOString().slice(0, 7);
  now = new Date(boundsOfMonth(ZONE, month).end.valueOf() + 3_600_000);
  world.log.isAway = true;
  expect((await get(month, undefined, asked)).status).toBe(503);
  world.log.isAway = false;
  expect((await get(month, undefined, asked)).status).toBe(200);
});

test("a month before the opening or in the future answers 404, what is no month 400", async () => {
  now = new Date("2026-05-31T21:59:59.999Z");
  expect((await get("2026-02")).status).toBe(404);
  expect((await get("2026-06", undefined, other)).status).toBe(404);
  now = new Date("2026-05-31T22:00:00.000Z");
  expect((await get("2026-06", undefined, other)).status).toBe(200);
  for (const month of ["2026-13", "2026-1", "now", "2026-04-01"]) {
    expect((await get(month)).status, month).toBe(400);
  }
  expect((await get("2026-04", undefined, randomUUID())).status).toBe(404);
});

test("as camt.053 a statement fits the official schema, whatever was written", async () => {
  for (const month of ["2026-03", "2026-04", "2026-05"]) {
    const { text } = await get(month, "application/xml");
    const schema = [readFileSync(SCHEMA, "utf8")];
    const xml = [{ fileName: "statement.xml", contents: text }];
    const { valid, errors } = await validateXML({ xml, schema });
    expect(errors).toEqual([]);
    expect(valid).toBe(true);
  }
  const wrong = (await get("2026-04", "application/xml")).text.replace("<Sts>", "<Sts><X/>");
  const schema = [readFileSync(SCHEMA, "utf8")];
  const result = await validateXML({ xml: [{ fileName: "x.xml", contents: wrong }], schema });
  expect(result.valid).toBe(false);
});

test("as CSV what somebody wrote is no formula, and amounts are numbers", async () => {
  const { text } = await get("2026-04", "text/csv");
  const lines = text.split("\r\n");
  expect(lines[0]).toMatch(/^date,occurredAt,type,direction,amount,/);
  expect(lines[1]).toMatch(
    /^2026-04-01,2026-03-31T22:00:00.000Z,withdrawal,debit,1.00,989.00,EUR,/,
  );
  expect(text).toContain(",'=1+2,");
  expect(text).toContain('"""100 %"" & <mehr> ');
});

test("as PDF every letter of every script and every amount is on the page", async () => {
  const { bytes } = await get("2026-04", "application/pdf");
  const { text, totalPages } = await extractText(bytes, { mergePages: true });
  expect(totalPages).toBe(1);
  for (const part of ["Haushalt Dvořák", "家計簿", "Łódź №4", "コーヒー 東京", "April 2026"]) {
    expect(text.replaceAll(/\s+/g, " "), part).toContain(part);
  }
  for (const part of ["+200.05", "−205.00", "985.05", "Page 1 of 1", "1 – 30 April 2026"]) {
    expect(text, part).toContain(part);
  }
});

test("[S40] a long month is written as it is read, page by page, and is all there", async () => {
  const busy = world.log.open();
  for (let i = 0; i < 1_203; i += 1) world.log.deposit(busy, "1.00", `${i}`);
  const month = new Date(world.log.nowMs).toISOString().slice(0, 7);
  await world.catchUp();
  now = new Date(world.log.nowMs);
  const { entries, closingBalance } = await statement(month, busy);
  expect(entries.map(({ reference }: { reference: string }) => Number(reference))).toEqual(
    Array.from({ length: 1_203 }, (_, i) => i),
  );
  expect(closingBalance).toEqual(money("1203.00"));
  const csv = await get(month, "text/csv", busy);
  expect(csv.text.trimEnd().split("\r\n")).toHaveLength(1_204);
  const { totalPages, text } = await extractText((await get(month, "application/pdf", busy)).bytes);
  expect(totalPages).toBeGreaterThan(20);
  expect(text.at(-1)).toContain(`Page ${totalPages} of ${totalPages}`);
  expect(text.at(-1)).toContain("1,203.00");
});

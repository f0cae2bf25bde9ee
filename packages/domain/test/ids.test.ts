import { expect, test } from "vitest";
import { LEDGER_MAX, ledgerOf, makeLedgerId } from "../src/index.ts";

const RANDOM = new Uint8Array(8).fill(0xff);
const NOW_MS = Date.parse("2026-11-24T12:00:00.000Z");

test("an id is a UUIDv8 of time, ledger and random bits", () => {
  const id = makeLedgerId(0x0123456789ab, 0xabc, RANDOM);
  expect(id).toBe("01234567-89ab-8abc-bfff-ffffffffffff");
});

test.each([1, 2, 255, LEDGER_MAX])("an id of ledger %i says so", (ledger) => {
  expect(ledgerOf(makeLedgerId(NOW_MS, ledger, RANDOM))).toBe(ledger);
});

test("ids made later sort later, whatever is random in them", () => {
  const earlier = makeLedgerId(NOW_MS, 1, RANDOM);
  const later = makeLedgerId(NOW_MS + 1, 1, new Uint8Array(8));
  expect(earlier < later).toBe(true);
});

const NOT_OURS = [
  "0197c0de-0000-7000-8000-000000000001",
  "3d813cbb-47fb-4ba9-91df-831e1593ac29",
  "01234567-89ab-8000-bfff-ffffffffffff",
  "01234567-89ab-8abc-7fff-ffffffffffff",
  "01234567-89AB-8abc-bfff-ffffffffffff",
  "",
  "4711",
];

test.each(NOT_OURS)("%s names no ledger", (id) => {
  expect(ledgerOf(id)).toBeUndefined();
});

const NO_ROOM: [what: string, nowMs: number, ledger: number][] = [
  ["ledger 0", NOW_MS, 0],
  ["ledger 4096", NOW_MS, LEDGER_MAX + 1],
  ["half a ledger", NOW_MS, 1.5],
  ["a time before 1970", -1, 1],
  ["a time past 48 bits", 2 ** 48, 1],
];

test.each(NO_ROOM)("an id has no room for %s", (_, nowMs, ledger) => {
  expect(() => makeLedgerId(nowMs, ledger, RANDOM)).toThrow(RangeError);
});

test("too little randomness is refused", () => {
  expect(() => makeLedgerId(NOW_MS, 1, new Uint8Array(7))).toThrow(RangeError);
});

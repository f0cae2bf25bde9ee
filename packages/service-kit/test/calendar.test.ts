import Type from "typebox";
import { expect, test } from "vitest";
import { boundsOfMonth, dayIn, loadConfig, startOfDay, TimeZone } from "../src/index.ts";

const DAYS: [zone: string, moment: string, day: string][] = [
  ["UTC", "2026-11-30T23:59:59.999Z", "2026-11-30"],
  ["Europe/Berlin", "2026-11-30T22:59:59.999Z", "2026-11-30"],
  ["Europe/Berlin", "2026-11-30T23:00:00.000Z", "2026-12-01"],
  ["America/New_York", "2026-12-01T04:59:59.999Z", "2026-11-30"],
  ["Pacific/Kiritimati", "2026-11-30T10:00:00.000Z", "2026-12-01"],
];

for (const [zone, moment, day] of DAYS) {
  test(`${moment} lies in ${day} in ${zone}`, () => {
    expect(dayIn(zone, new Date(moment))).toBe(day);
  });
}

const STARTS: [zone: string, day: string, start: string][] = [
  ["UTC", "2026-03-29", "2026-03-29T00:00:00.000Z"],
  ["Europe/Berlin", "2026-03-29", "2026-03-28T23:00:00.000Z"],
  ["Europe/Berlin", "2026-03-30", "2026-03-29T22:00:00.000Z"],
  ["Europe/Berlin", "2026-10-26", "2026-10-25T23:00:00.000Z"],
  // In Beirut the clocks of this day went from 00:00 to 01:00: it had no midnight.
  ["Asia/Beirut", "2021-03-28", "2021-03-27T22:00:00.000Z"],
];

for (const [zone, day, start] of STARTS) {
  test(`${day} begins at ${start} in ${zone}, whatever the clocks do`, () => {
    expect(startOfDay(zone, day).toISOString()).toBe(start);
  });
}

test("a month goes to the first moment of the next one, over the end of a year", () => {
  const { start, end } = boundsOfMonth("Europe/Berlin", "2026-12");
  expect(start.toISOString()).toBe("2026-11-30T23:00:00.000Z");
  expect(end.toISOString()).toBe("2026-12-31T23:00:00.000Z");
});

test("a time zone that is none ends the start, and none given is UTC", () => {
  const schema = Type.Object({ TIME_ZONE: TimeZone });
  expect(loadConfig("test", schema, {})).toEqual({ TIME_ZONE: "UTC" });
  const zone = { TIME_ZONE: "America/Argentina/Buenos_Aires" };
  expect(loadConfig("test", schema, zone)).toEqual(zone);
  for (const name of ["Mars/Olympus", "+01:00", "summer"]) {
    expect(() => loadConfig("test", schema, { TIME_ZONE: name })).toThrow(/TIME_ZONE/);
  }
});

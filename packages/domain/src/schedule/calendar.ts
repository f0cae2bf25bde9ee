import type { Every } from "./events.ts";

const [DAYS_OF_WEEK, MONTHS_OF_YEAR] = [7, 12];
const LENGTHS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
const FEBRUARY = 2;
/** The last year that RFC 3339 has. */
const YEAR_MAX = 9_999;

interface Day {
  readonly year: number;
  /** From 1. */
  readonly month: number;
  readonly day: number;
}

/**
 * The day of an occurrence, counted from 0. Every month means the same day of each, and the last
 * day of a month that is shorter. Undefined past the year 9999.
 */
export function dayOfOccurrence(firstOn: string, every: Every, index: number): string | undefined {
  const [year = 0, month = 1, day = 1] = firstOn.split("-").map(Number);
  const first = { year, month, day };
  if (every === "month") return text(monthsLater(first, index));
  return text(daysLater(first, every === "week" ? index * DAYS_OF_WEEK : index));
}

/** The month, `2026-11`, after another one. */
export function monthAfter(month: string): string {
  return (dayOfOccurrence(`${month}-01`, "month", 1) ?? "").slice(0, month.length);
}

/** The days of a month, in their order. */
export function daysOfMonth(name: string): string[] {
  const [year = 0, month = 1] = name.split("-").map(Number);
  const length = lengthOf({ year, month });
  return Array.from({ length }, (_, i) => `${name}-${twoDigits(i + 1)}`);
}

function monthsLater({ year, month, day }: Day, months: number): Day {
  const later = month - 1 + months;
  const to = {
    year: year + Math.floor(later / MONTHS_OF_YEAR),
    month: 1 + (later % MONTHS_OF_YEAR),
  };
  return { ...to, day: Math.min(day, lengthOf(to)) };
}

function daysLater({ year, month, day }: Day, days: number): Day {
  let [to, left] = [{ year, month, day: 1 }, day + days];
  while (left > lengthOf(to)) {
    left -= lengthOf(to);
    to = monthsLater(to, 1);
  }
  return { ...to, day: left };
}

function lengthOf({ year, month }: Pick<Day, "year" | "month">): number {
  const isLeap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  return month === FEBRUARY && isLeap ? 29 : (LENGTHS[month - 1] ?? 0);
}

function text({ year, month, day }: Day): string | undefined {
  if (year > YEAR_MAX) return undefined;
  const padded = [String(year).padStart(4, "0"), ...[month, day].map(twoDigits)];
  return padded.join("-");
}

function twoDigits(number: number): string {
  return String(number).padStart(2, "0");
}

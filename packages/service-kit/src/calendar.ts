import { Temporal } from "temporal-polyfill";
import Type from "typebox";

/** The zone that the bank's days are those of, by its IANA name. */
export const TimeZone = Type.Refine(
  Type.String({ minLength: 1, default: "UTC" }),
  isTimeZone,
  () => "is no IANA time zone",
);

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat("en", { timeZone: name });
    // An offset such as +01:00 is none of the zones that laws and clocks go by.
    return !/^[+-]/.test(name);
  } catch {
    return false;
  }
}

/** The day, RFC 3339 full-date, that a moment lies in for a time zone. */
export function dayIn(timeZone: string, moment: Date): string {
  const instant = Temporal.Instant.fromEpochMilliseconds(moment.valueOf());
  return instant.toZonedDateTimeISO(timeZone).toPlainDate().toString();
}

/** The first moment of a day in a time zone: midnight, or what clocks that skip it have instead. */
export function startOfDay(timeZone: string, day: string): Date {
  const { epochMilliseconds } = Temporal.PlainDate.from(day).toZonedDateTime(timeZone);
  return new Date(epochMilliseconds);
}

/** The first moment of a month, `2026-11`, in a time zone, and that of the month after it. */
export function boundsOfMonth(timeZone: string, month: string): { start: Date; end: Date } {
  const first = Temporal.PlainYearMonth.from(month);
  const startOf = (one: Temporal.PlainYearMonth) => {
    return startOfDay(timeZone, one.toPlainDate({ day: 1 }).toString());
  };
  return { start: startOf(first), end: startOf(first.add({ months: 1 })) };
}

const DAY_MS = 86_400_000;
const DAY_LENGTH = "2026-11-24".length;

/** The day (UTC) that a moment, RFC 3339 in UTC, lies in. */
export function dayOf(moment: string): string {
  return moment.slice(0, DAY_LENGTH);
}

/** The day that is so many days later. */
export function daysLater(day: string, days: number): string {
  return dayOf(new Date(Date.parse(day) + days * DAY_MS).toISOString());
}

/** How many days lie from one day to another. */
export function daysBetween(from: string, to: string): number {
  return (Date.parse(to) - Date.parse(from)) / DAY_MS;
}

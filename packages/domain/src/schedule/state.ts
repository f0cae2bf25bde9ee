import { type Money, minorUnits } from "../money.ts";
import { dayOfOccurrence } from "./calendar.ts";
import type { ScheduleEvent, TransferScheduled } from "./events.ts";

/** What decisions need to know of a schedule; its history is in its events. */
export type Schedule = TransferScheduled["data"] & {
  readonly status: "active" | "finished" | "cancelled";
  /** How many occurrences were made or refused. */
  readonly passed: number;
};

/** The version of the stored form of a schedule's state. */
export const SCHEDULE_STATE_SCHEMA = 1;

const UNSCHEDULED: Schedule = {
  ownerId: "",
  fromAccountId: "",
  toAccountId: "",
  amount: { value: "0", currency: "XXX" },
  firstOn: "9999-12-31",
  status: "cancelled",
  passed: 0,
};

/** The schedule after an event. Records what happened, judges nothing. */
export function evolveSchedule(state: Schedule | undefined, event: ScheduleEvent): Schedule {
  const schedule = state ?? UNSCHEDULED;
  switch (event.type) {
    case "TransferScheduled":
      return { ...event.data, status: "active", passed: 0 };
    case "ScheduledTransferMade":
    case "ScheduledTransferRefused":
      return { ...schedule, passed: schedule.passed + 1 };
    case "ScheduleFinished":
      return { ...schedule, status: "finished" };
    case "ScheduleCancelled":
      return { ...schedule, status: "cancelled" };
  }
}

/** The day of an occurrence, counted from 0; undefined where the schedule has none. */
export function occurrenceOf(schedule: Schedule, index: number): string | undefined {
  const { firstOn, every, count } = schedule;
  const most = every === undefined ? 1 : (count ?? Number.POSITIVE_INFINITY);
  return index < most ? dayOfOccurrence(firstOn, every ?? "day", index) : undefined;
}

/** The day of the next occurrence; undefined where there is none any more. */
export function nextOccurrence(schedule: Schedule): string | undefined {
  return schedule.status === "active" ? occurrenceOf(schedule, schedule.passed) : undefined;
}

/** What each occurrence moves. */
export function amountOfSchedule({ amount }: Schedule): Money {
  return { minor: minorUnits(amount), currency: amount.currency };
}

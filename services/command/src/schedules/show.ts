import { OCCURRENCES_SHOWN, type Schedule as Shown } from "@countinghouse/contracts";
import {
  nextOccurrence,
  occurrenceOf,
  type Schedule,
  type ScheduleEvent,
} from "@countinghouse/domain";
import type { ScheduleHistory } from "@countinghouse/event-store";

type Occurrence = Shown["occurrences"][number];

/** Events of a schedule that are needed to show it: the last is perhaps that it is over. */
export const HISTORY_EVENTS = OCCURRENCES_SHOWN.past + 1;

/** A schedule with what became of its occurrences, and those to come. */
export function showSchedule(
  { scheduleId, events }: Pick<ScheduleHistory, "scheduleId" | "events">,
  schedule: Schedule,
): Shown {
  const { fromAccountId, toAccountId, reference, firstOn, every, count } = schedule;
  const past = (events as readonly ScheduleEvent[]).flatMap(passed);
  return {
    ...{ scheduleId, fromAccountId, toAccountId, amount: schedule.amount },
    ...(reference !== undefined && { reference }),
    firstOn,
    ...(every !== undefined && { every }),
    ...(count !== undefined && { count }),
    status: schedule.status,
    nextOn: nextOccurrence(schedule) ?? null,
    occurrences: [...past.slice(-OCCURRENCES_SHOWN.past), ...planned(schedule)],
  };
}

function passed({ type, data }: ScheduleEvent): Occurrence[] {
  switch (type) {
    case "ScheduledTransferMade":
      return [{ on: data.on, status: "done", transferId: data.transferId }];
    case "ScheduledTransferRefused":
      return [{ on: data.on, status: "refused", code: data.code }];
    case "TransferScheduled":
    case "ScheduleFinished":
    case "ScheduleCancelled":
      return [];
  }
}

/** All of a schedule that has an end, else the next few. */
function planned(schedule: Schedule): Occurrence[] {
  const { status, count, passed } = schedule;
  if (status !== "active") return [];
  const most = count === undefined ? OCCURRENCES_SHOWN.planned : Math.max(0, count - passed);
  const days = Array.from({ length: most }, (_, i) => occurrenceOf(schedule, passed + i));
  return days.flatMap((on) => (on === undefined ? [] : [{ on, status: "planned" as const }]));
}

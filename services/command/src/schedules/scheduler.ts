import type { When } from "@countinghouse/domain";
import type { EventStore, ScheduleBook } from "@countinghouse/event-store";
import type { Logger, Metrics } from "@countinghouse/service-kit";
import type { Executor } from "../executor.ts";
import type { Ledgers } from "../ledgers.ts";
import { createWorker, type Worker } from "../worker.ts";
import { DueList } from "./due-list.ts";
import { type Came, type Due, occurrenceCommand } from "./occurrence.ts";

/** For how long this process is the one that looks, unless it says so again. */
const LEASE_MS = 10_000;
/** Occurrences made at once. */
const AT_ONCE = 64;

export interface SchedulerDeps {
  readonly book: ScheduleBook;
  readonly store: Pick<EventStore, "eventsOf">;
  readonly execute: Executor["execute"];
  readonly ledgers: Ledgers;
  readonly newId: (ledger: number) => string;
  readonly when: () => When;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

/**
 * Makes the transfers of schedules when their day has come. The log says what is due, and what was
 * missed is made up day by day. A second process that looks, or one that begins again in the
 * middle, sends the same commands with the same keys.
 */
export function createScheduler(deps: SchedulerDeps): Worker {
  const due = new DueList(deps.book, deps.store);
  const make = createMaker(deps, due);

  async function goesOn(signal: AbortSignal): Promise<boolean> {
    const isOurs = !signal.aborted && (await deps.book.lease(LEASE_MS));
    if (!isOurs) due.forget();
    return isOurs;
  }

  async function look(signal: AbortSignal): Promise<void> {
    if (!(await goesOn(signal))) return;
    await due.refresh(deps.when().day);
    const failed = new Set<string>();
    for (;;) {
      // The earliest day first, over all schedules; what fails is tried again at the next look.
      const left = due.all().filter(({ scheduleId }) => !failed.has(scheduleId));
      const [day] = left.map(({ on }) => on).sort();
      const ofDay = left.filter(({ on }) => on === day);
      if (ofDay.length === 0) return;
      for (let i = 0; i < ofDay.length; i += AT_ONCE) {
        if (!(await goesOn(signal))) return;
        await Promise.all(ofDay.slice(i, i + AT_ONCE).map((one) => make(one, failed)));
      }
    }
  }

  return createWorker(look, deps.logger, "what is due was not looked for");
}

/** Makes one occurrence and notes the next one of its schedule. */
function createMaker(deps: SchedulerDeps, due: DueList) {
  const { execute, logger, metrics } = deps;
  const made = metrics.counter("schedule_occurrences_total", "Occurrences by outcome", ["outcome"]);
  metrics.gauge("schedule_occurrences_due", "Occurrences that wait to be made", [], (gauge) => {
    gauge.set(due.size);
  });
  return async (one: Due, failed: Set<string>): Promise<void> => {
    try {
      const { body = "" } = await execute(await occurrenceCommand(one, deps));
      const { outcome, nextOn } = JSON.parse(body) as Came;
      made.inc({ outcome });
      due.put(one, nextOn);
    } catch (err) {
      failed.add(one.scheduleId);
      const { scheduleId, on } = one;
      logger.warn({ err, scheduleId, on }, "an occurrence was not made, and waits");
    }
  };
}

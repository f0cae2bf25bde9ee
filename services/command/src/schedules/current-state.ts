import type { Schedule } from "@countinghouse/domain";
import type { EventStore, StoredSchedule } from "@countinghouse/event-store";
import { AGGREGATES, scheduleOf } from "../domain-aggregates.ts";

/** The state of a schedule, folded anew where it is stored in the form of another release. */
export async function currentState(
  { scheduleId, ledger, state, stateSchema }: StoredSchedule,
  store: Pick<EventStore, "eventsOf">,
): Promise<Schedule> {
  const { fromJson, evolve, schema } = AGGREGATES.schedule;
  if (stateSchema === schema) return scheduleOf({ state: fromJson(state) }) as Schedule;
  const events = await store.eventsOf({ ledger, streamId: scheduleId });
  return scheduleOf({ state: events.reduce(evolve, undefined as unknown) }) as Schedule;
}

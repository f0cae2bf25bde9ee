import { randomUUIDv7 } from "node:crypto";
import {
  type MakeOccurrence,
  makeOccurrence,
  nextOccurrence,
  type OccurrenceFacts,
  type When,
} from "@countinghouse/domain";
import type { NewEvent } from "@countinghouse/event-store";
import type { Command, Outcome, View } from "../command.ts";
import { AGGREGATES, accountOf, scheduleOf, tariffOf } from "../domain-aggregates.ts";
import type { Ledgers } from "../ledgers.ts";
import { eventOf } from "../prepare.ts";
import { tariffRead } from "../tariff-read.ts";

/** An occurrence whose day has come. */
export interface Due {
  readonly scheduleId: string;
  readonly ledger: number;
  readonly ownerId: string;
  readonly fromAccountId: string;
  readonly toAccountId: string;
  readonly on: string;
}

/** What became of it, and the day of the schedule's next one, if there is one. */
export interface Came {
  readonly outcome: "made" | "refused" | "passed";
  readonly nextOn: string | null;
}

interface Maker {
  readonly ledgers: Ledgers;
  readonly newId: (ledger: number) => string;
  readonly when: () => When;
}

/**
 * The command that makes an occurrence. Its key is the schedule and the day, so that whoever sends
 * it again, after a crash or beside another process, gets the answer of the first.
 */
export async function occurrenceCommand(
  due: Due,
  { ledgers, newId, when }: Maker,
): Promise<Command> {
  const { scheduleId, ledger, ownerId, on } = due;
  const from = await ledgers.find("account", due.fromAccountId);
  const to = await ledgers.find("account", due.toAccountId);
  if (from === undefined || to === undefined) throw new Error("an account in no ledger");
  const transferId = newId(from.ledger);
  const ids = { transferId, debitId: randomUUIDv7(), creditId: randomUUIDv7() };
  const feeId = randomUUIDv7();
  const command = { on, when: when(), ...ids, feeId };
  const path = `/v1/scheduled-transfers/${scheduleId}/occurrences/${on}`;
  return {
    ledger,
    reads: [
      { category: "schedule", ledger, streamId: scheduleId },
      from,
      to,
      tariffRead(from.ledger),
    ],
    scope: `schedule ${scheduleId}`,
    key: on,
    request: JSON.stringify({ method: "POST", path }),
    // In the name of whose money it is, but by no role of theirs: nobody was there.
    cause: { actor: { userId: ownerId, roles: [] }, correlationId: scheduleId },
    decide: (view) => decide(command, view),
  };
}

function decide(command: MakeOccurrence, [stream, from, to, tariff]: View): Outcome {
  const schedule = scheduleOf(stream);
  const facts = makeOccurrence(command, schedule, accountOf(from), accountOf(to), tariffOf(tariff));
  if (facts === undefined) {
    const nextOn = (schedule && nextOccurrence(schedule)) ?? null;
    const body: Came = { outcome: "passed", nextOn };
    return { kind: "accepted", status: 200, body, events: new Map() };
  }
  const events = eventsOf(facts);
  const after = scheduleOf({
    state: (events.get(0) ?? []).reduce(AGGREGATES.schedule.evolve, stream?.state),
  });
  const outcome = facts.legs === undefined ? "refused" : "made";
  const body: Came = { outcome, nextOn: (after && nextOccurrence(after)) ?? null };
  return { kind: "accepted", status: 200, body, events };
}

function eventsOf({ schedule, legs }: OccurrenceFacts): Map<number, NewEvent[]> {
  const events = new Map([[0, schedule.map(eventOf)]]);
  if (legs !== undefined) {
    const { expired, sent, received, fee } = legs;
    events.set(1, [...expired, sent, ...fee].map(eventOf)).set(2, [eventOf(received)]);
  }
  return events;
}

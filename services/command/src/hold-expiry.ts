import { expireHolds, type When } from "@countinghouse/domain";
import type { EventStore, OverdueHold } from "@countinghouse/event-store";
import type { Logger, Metrics } from "@countinghouse/service-kit";
import { NO_STREAM } from "./aggregates.ts";
import type { Command } from "./command.ts";
import { accountOf } from "./domain-aggregates.ts";
import type { Executor } from "./executor.ts";
import { following } from "./prepare.ts";
import { createWorker, type Worker } from "./worker.ts";

/** For how long this process is the one that looks, unless it says so again. */
const LEASE_MS = 10_000;
export const HOLD_EXPIRY_LEASE = "hold-expiry";
/** How many holds the log is asked for at once. */
const PAGE = 200;
/** Pages of one look; what is left waits for the next. */
const PAGES_MAX = 50;
/** A hold may come into the log a while after its time was looked at: so far back it looks. */
const LOOK_BACK_MS = 60_000;
/** How often what was looked through is noted for whoever begins anew. */
const NOTE_EVERY_MS = 60_000;
/** Whose commands these are: nobody's. */
const NOBODY = "00000000-0000-0000-0000-000000000000";

export interface HoldExpiryDeps {
  readonly store: Pick<EventStore, "lease" | "findOverdueHolds" | "marks" | "isSettled">;
  readonly execute: Executor["execute"];
  readonly when: () => When;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

/**
 * Says in the log which holds are over, so that whoever reads the log need not watch the clock.
 * Nothing depends on it: every decision and every query looks at the time of a hold itself. One
 * process at a time looks; two at once, or one that begins again, would send the same commands with
 * the same keys.
 */
export function createHoldExpiry(deps: HoldExpiryDeps): Worker {
  const { store, execute, when, logger, metrics } = deps;
  const said = metrics.counter("holds_expired_total", "Holds of which the log says they are over");
  let [after, noted] = ["", ""];

  async function look(signal: AbortSignal): Promise<void> {
    const now = when();
    if (after === "" || after > now.now) after = noted = await markBefore(now.now);
    for (let page = 0; page < PAGES_MAX; page += 1) {
      if (signal.aborted || !(await store.lease(HOLD_EXPIRY_LEASE, LEASE_MS))) return;
      const overdue = await store.findOverdueHolds(after, now.now, PAGE);
      // One command takes all that are over out of an account.
      const perAccount = new Map(overdue.map((hold) => [hold.streamId, hold]));
      await Promise.all([...perAccount.values()].map((hold) => execute(expiring(hold, now))));
      said.inc(overdue.length);
      if (overdue.length < PAGE) {
        after = backFrom(now.now, LOOK_BACK_MS);
        await note(backFrom(after, LOOK_BACK_MS));
        return;
      }
    }
  }

  /** Of a clock that was ahead nothing is believed. */
  async function markBefore(now: string): Promise<string> {
    const mark = await store.marks.get(HOLD_EXPIRY_LEASE);
    return mark < now ? mark : "";
  }

  /**
   * A mark from which too much is looked through does no harm; one that is not over by the clock of
   * the database is not set.
   */
  async function note(mark: string): Promise<void> {
    if (noted !== "" && Date.parse(mark) - Date.parse(noted) < NOTE_EVERY_MS) return;
    if (!(await store.isSettled(new Date(mark)))) return;
    await store.marks.set(HOLD_EXPIRY_LEASE, mark);
    noted = mark;
  }

  return createWorker(look, logger, "holds that are over could not be looked for");
}

function backFrom(moment: string, ms: number): string {
  return new Date(Date.parse(moment) - ms).toISOString();
}

function expiring({ ledger, streamId, holdId }: OverdueHold, when: When): Command {
  return {
    ledger,
    reads: [{ category: "account", ledger, streamId }],
    scope: NOBODY,
    key: `expire ${holdId}`,
    request: JSON.stringify({ method: "EXPIRE", path: `/v1/holds/${holdId}` }),
    cause: { actor: { userId: NOBODY, roles: [] }, correlationId: `expire ${holdId}` },
    decide([stream = NO_STREAM]) {
      const decision = expireHolds({ when }, accountOf(stream));
      if (decision.kind === "refused") return decision;
      const { events } = following(stream, decision.facts);
      const all = new Map(events.length === 0 ? [] : [[0, events]]);
      return { kind: "accepted", status: 200, body: { expired: events.length }, events: all };
    },
  };
}

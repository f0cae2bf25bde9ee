import {
  daysOfMonth,
  monthAfter,
  nextInterestMonth,
  type Rates,
  type When,
} from "@countinghouse/domain";
import type { EventStore } from "@countinghouse/event-store";
import { boundsOfMonth, type Logger, type Metrics, startOfDay } from "@countinghouse/service-kit";
import type { Executor } from "../executor.ts";
import { loadTariff } from "../tariff-read.ts";
import { createWorker, type Worker } from "../worker.ts";
import { closingCommand, interestCommand } from "./interest-command.ts";

/** For how long this process is the one that looks, unless it says so again. */
const LEASE_MS = 10_000;
export const INTEREST_LEASE = "interest";
const FAILURE = "interest could not be posted";
/** How long a ledger is left alone in which some could not be posted. */
const PAUSE_MS = 60_000;
/** Accounts that are looked at, and whose interest is posted, at once. */
const PAGE = 100;

export interface InterestDeps {
  readonly store: EventStore;
  readonly execute: Executor["execute"];
  readonly when: () => When;
  /** Whose days and months they are. */
  readonly timeZone: string;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

/**
 * Posts the interest of months that are over, the earliest first, account by account. What is to be
 * done is in the log: a tariff says from when on there is interest, and which month is done. The
 * key of each command is its account and month, so that a crash or a second process repeats it and
 * does nothing. What cannot be posted keeps nobody else from it: its month is left open, to be gone
 * on with a minute later. A month is only begun when nothing of it can come into the log any more.
 */
export function createInterestWorker(deps: InterestDeps): Worker {
  const { store, when, timeZone, logger, metrics } = deps;
  const pausedUntil = new Map<number, number>();
  const done = metrics.counter("interest_accounts_total", "Months of accounts worked out");
  const behind = metrics.gauge("interest_months_due", "Months that are over and not posted");

  async function look(signal: AbortSignal): Promise<void> {
    let due = 0;
    try {
      if (!(await store.lease(INTEREST_LEASE, LEASE_MS))) return;
      for (const ledger of await store.ledgers()) due += await catchUp(ledger, signal);
    } finally {
      behind.set(due);
    }
  }

  /** Gives how many months are left. */
  async function catchUp(ledger: number, signal: AbortSignal): Promise<number> {
    const now = monthOf(when());
    let month = now;
    try {
      const tariff = await loadTariff(store, ledger);
      month = (tariff && nextInterestMonth(tariff)) ?? now;
      const isPaused = performance.now() < (pausedUntil.get(ledger) ?? 0);
      for (; month < now && !isPaused; month = monthAfter(month)) {
        const isDone = await post(ledger, month, tariff?.rates ?? [], signal);
        if (!isDone) break;
        await deps.execute(closingCommand(ledger, month));
      }
    } catch (err) {
      failed(ledger, month, err);
    }
    return monthsBetween(month, now);
  }

  function failed(ledger: number, month: string, err: unknown): void {
    pausedUntil.set(ledger, performance.now() + PAUSE_MS);
    logger.warn({ err, ledger, month }, FAILURE);
  }

  async function post(
    ledger: number,
    month: string,
    rates: readonly Rates[],
    signal: AbortSignal,
  ): Promise<boolean> {
    const { end } = boundsOfMonth(timeZone, month);
    if (!(await store.isSettled(end))) return false;
    const days = daysOfMonth(month).map((day) => startOfDay(timeZone, day));
    let isWhole = true;
    for (let after: string | undefined; ; ) {
      if (signal.aborted || !(await store.lease(INTEREST_LEASE, LEASE_MS))) return false;
      const page = await store.savings({ ledger, after, limit: PAGE, days, end });
      const ends = await Promise.allSettled(
        page.map(async (one) => deps.execute(interestCommand(one, { ledger, month, rates }))),
      );
      const failures = ends.filter((end) => end.status === "rejected");
      for (const { reason } of failures) failed(ledger, month, reason);
      isWhole &&= failures.length === 0;
      done.inc(page.length - failures.length);
      if (page.length < PAGE) return isWhole;
      after = page.at(-1)?.accountId;
    }
  }

  return createWorker(look, logger, FAILURE);
}

function monthOf({ day }: When): string {
  return day.slice(0, "2026-11".length);
}

function monthsBetween(first: string, end: string): number {
  let count = 0;
  for (let month = first; month < end; month = monthAfter(month)) count += 1;
  return count;
}

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
 * does nothing. A month is only begun when nothing of it can come into the log any more.
 */
export function createInterestWorker(deps: InterestDeps): Worker {
  const { store, when, timeZone, logger, metrics } = deps;
  const done = metrics.counter("interest_accounts_total", "Months of accounts worked out");
  const behind = metrics.gauge("interest_months_due", "Months that are over and not posted");

  async function look(signal: AbortSignal): Promise<void> {
    if (!(await store.lease(INTEREST_LEASE, LEASE_MS))) return;
    let due = 0;
    for (const ledger of await store.ledgers()) due += await catchUp(ledger, signal);
    behind.set(due);
  }

  /** Gives how many months are left. */
  async function catchUp(ledger: number, signal: AbortSignal): Promise<number> {
    const tariff = await loadTariff(store, ledger);
    const [first, now] = [tariff && nextInterestMonth(tariff), monthOf(when())];
    if (tariff === undefined || first === undefined) return 0;
    for (let month = first; month < now; month = monthAfter(month)) {
      const isDone = await post(ledger, month, tariff.rates ?? [], signal);
      if (!isDone) return monthsBetween(month, now);
      await deps.execute(closingCommand(ledger, month));
    }
    return 0;
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
    for (let after: string | undefined; ; ) {
      if (signal.aborted || !(await store.lease(INTEREST_LEASE, LEASE_MS))) return false;
      const page = await store.savings({ ledger, after, limit: PAGE, days, end });
      const commands = page.map((one) => interestCommand(one, { ledger, month, rates }));
      await Promise.all(commands.map((command) => deps.execute(command)));
      done.inc(page.length);
      if (page.length < PAGE) return true;
      after = page.at(-1)?.accountId;
    }
  }

  return createWorker(look, logger, "interest could not be posted");
}

function monthOf({ day }: When): string {
  return day.slice(0, "2026-11".length);
}

function monthsBetween(first: string, end: string): number {
  let count = 0;
  for (let month = first; month < end; month = monthAfter(month)) count += 1;
  return count;
}

import { makeLedgerId } from "@countinghouse/domain";
import { createScheduleBook, type EventStore } from "@countinghouse/event-store";
import { createMetrics, dayIn } from "@countinghouse/service-kit";
import { createBatcher } from "../../src/batcher.ts";
import { createExecutor } from "../../src/executor.ts";
import { createLedgers } from "../../src/ledgers.ts";
import { createRandom } from "../../src/random.ts";
import { createScheduler } from "../../src/schedules/scheduler.ts";
import type { Worker } from "../../src/worker.ts";
import { type Bench, openBench, type Said } from "./in-process.ts";

/** A bank whose clock a test sets, and schedulers that look when they are told to. */
export interface Scheduling extends Bench {
  now: Date;
  /** What stands between schedulers and the log. */
  around: (store: EventStore) => EventStore;
  /** Another scheduler, as if in a process of its own. */
  scheduler(options?: { timeZone?: string; hasLease?: boolean; onPage?: () => void }): Worker;
  account(balance?: string): Promise<string>;
  schedule(from: string, to: string, more: object): Promise<Said>;
  /** A schedule's days, each with what became of it. */
  days(scheduleId: string): Promise<string[]>;
  balance(accountId: string): Promise<string>;
}

export async function openScheduling(now: string): Promise<Scheduling> {
  const bench = await openBench((store) => store, { now: () => world.now.valueOf() });
  const random = createRandom(8);
  const euros = (value: string) => ({ amount: { value, currency: "EUR" } });
  const world: Scheduling = {
    ...bench,
    now: new Date(now),
    around: (store) => store,
    scheduler({ timeZone = "UTC", hasLease, onPage = () => undefined } = {}) {
      const store = world.around(bench.deps.store);
      const deps = { ...bench.deps, store, metrics: createMetrics("command") };
      const all = createScheduleBook(bench.pool);
      const page: typeof all.page = (...slice) => {
        onPage();
        return all.page(...slice);
      };
      const book = { ...all, page };
      return createScheduler({
        ...{ ...deps, ledgers: createLedgers(store) },
        when: () => ({ now: world.now.toISOString(), day: dayIn(timeZone, world.now) }),
        ...createExecutor({ ...deps, batcher: createBatcher(deps) }),
        book: hasLease ? { ...book, lease: async () => true } : book,
        newId: (ledger) => makeLedgerId(Date.now(), ledger, random()),
      });
    },
    async account(balance) {
      const opened = await bench.post("/v1/accounts", { type: "checking", currency: "EUR" });
      const { accountId } = opened.body;
      if (balance) await bench.post(`/v1/accounts/${accountId}/deposits`, euros(balance));
      return accountId;
    },
    schedule(fromAccountId, toAccountId, more) {
      const body = { fromAccountId, toAccountId, ...euros("10.00"), ...more };
      return bench.post("/v1/scheduled-transfers", body);
    },
    async days(scheduleId) {
      const { body } = await bench.get(`/v1/scheduled-transfers/${scheduleId}`);
      return body.occurrences.map(({ on, status }: { on: string; status: string }) => {
        return `${on.slice(5)} ${status}`;
      });
    },
    async balance(accountId) {
      const { rows } = await bench.owner.query(
        "SELECT state ->> 'balance' AS balance FROM ledger.streams WHERE stream_id = $1",
        [accountId],
      );
      return rows[0].balance;
    },
  };
  return world;
}

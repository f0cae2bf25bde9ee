import { nextOccurrence, type Schedule } from "@countinghouse/domain";
import type { EventStore, LedgerPosition, ScheduleBook } from "@countinghouse/event-store";
import { currentState } from "./current-state.ts";
import type { Due } from "./occurrence.ts";

/** Schedules read at once. */
const PAGE = 2_000;

/**
 * What is due, as read from the log: all schedules of which more may come once, when this process
 * becomes the one that looks, and from then on those that are made, as they come. A day begins with
 * nothing to read.
 */
export class DueList {
  readonly #book: ScheduleBook;
  readonly #store: Pick<EventStore, "eventsOf">;
  readonly #due = new Map<string, Due>();
  /** What comes later, by its day. Schedules that are cancelled stay here until then. */
  readonly #later = new Map<string, Due[]>();
  #today: string | undefined;
  #places: readonly LedgerPosition[] = [];

  constructor(book: ScheduleBook, store: Pick<EventStore, "eventsOf">) {
    this.#book = book;
    this.#store = store;
  }

  get size(): number {
    return this.#due.size;
  }

  all(): Due[] {
    return [...this.#due.values()];
  }

  /** Another process may have gone on with it: all is to be read again. */
  forget(): void {
    this.#today = undefined;
    this.#due.clear();
    this.#later.clear();
  }

  async refresh(today: string): Promise<void> {
    if (this.#today === undefined || today < this.#today) return this.#begin(today);
    await this.#takeNew();
    if (today > this.#today) this.#beginDay(today);
  }

  /** The next day of a schedule; null for none. */
  put(of: Omit<Due, "on">, on: string | null): void {
    const { scheduleId, ledger, ownerId, fromAccountId, toAccountId } = of;
    this.#due.delete(scheduleId);
    if (on === null || this.#today === undefined) return;
    const next = { scheduleId, ledger, ownerId, fromAccountId, toAccountId, on };
    if (on <= this.#today) {
      this.#due.set(scheduleId, next);
      return;
    }
    const sameDay = this.#later.get(on);
    if (sameDay === undefined) this.#later.set(on, [next]);
    else sameDay.push(next);
  }

  async #begin(today: string): Promise<void> {
    this.forget();
    this.#today = today;
    try {
      // First where the log ends: what comes meanwhile is found twice rather than not at all.
      this.#places = await this.#book.heads();
      for (const { ledger } of this.#places) await this.#takeAll(ledger);
    } catch (error) {
      this.forget();
      throw error;
    }
  }

  #beginDay(today: string): void {
    this.#today = today;
    for (const [day, list] of this.#later) {
      if (day > today) continue;
      this.#later.delete(day);
      for (const one of list) this.#due.set(one.scheduleId, one);
    }
  }

  async #takeAll(ledger: number): Promise<void> {
    for (let after: string | undefined; ; ) {
      const page = await this.#book.page(ledger, after, PAGE);
      for (const stored of page) {
        const schedule = await currentState(stored, this.#store);
        const { scheduleId } = stored;
        this.put({ ...schedule, scheduleId, ledger }, nextOccurrence(schedule) ?? null);
      }
      if (page.length < PAGE) return;
      after = page.at(-1)?.scheduleId;
    }
  }

  async #takeNew(): Promise<void> {
    const known = new Map(this.#places.map(({ ledger, position }) => [ledger, position]));
    const heads = await this.#book.heads();
    const from = heads.map(({ ledger }) => ({ ledger, position: known.get(ledger) ?? 0 }));
    const news = await this.#book.madeAfter(from, PAGE);
    for (const { scheduleId, ledger, data } of news) {
      const schedule = data as unknown as Schedule;
      this.put({ ...schedule, scheduleId, ledger }, schedule.firstOn);
    }
    this.#places = heads.map(({ ledger, position }) => {
      const read = news.filter((one) => one.ledger === ledger);
      return { ledger, position: read.length < PAGE ? position : (read.at(-1)?.position ?? 0) };
    });
  }
}

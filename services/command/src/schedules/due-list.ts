import { nextOccurrence, type Schedule } from "@countinghouse/domain";
import type { LedgerPosition, ScheduleBook } from "@countinghouse/event-store";
import type { Due } from "./occurrence.ts";

/** Schedules read at once. */
const PAGE = 2_000;

/**
 * What is due, as read from the log: all schedules when a day begins for this process, and those
 * that are made in between as they come.
 */
export class DueList {
  readonly #book: ScheduleBook;
  readonly #due = new Map<string, Due>();
  /** The day that all schedules were looked at for. */
  #day: string | undefined;
  #places: readonly LedgerPosition[] = [];

  constructor(book: ScheduleBook) {
    this.#book = book;
  }

  get size(): number {
    return this.#due.size;
  }

  all(): Due[] {
    return [...this.#due.values()];
  }

  /** Another process may have gone on with it: all is to be read again. */
  forget(): void {
    this.#day = undefined;
    this.#due.clear();
  }

  async refresh(today: string): Promise<void> {
    if (this.#day === today) return this.#takeNew();
    this.forget();
    this.#day = today;
    try {
      // First where the log ends: what comes meanwhile is found twice rather than not at all.
      this.#places = await this.#book.heads();
      for (const { ledger } of this.#places) await this.#takeAll(ledger);
    } catch (error) {
      this.forget();
      throw error;
    }
  }

  /** The next day of a schedule; null for none. */
  put(of: Omit<Due, "on">, on: string | null): void {
    const { scheduleId, ledger, ownerId, fromAccountId, toAccountId } = of;
    if (on === null || this.#day === undefined || on > this.#day) this.#due.delete(scheduleId);
    else this.#due.set(scheduleId, { scheduleId, ledger, ownerId, fromAccountId, toAccountId, on });
  }

  async #takeAll(ledger: number): Promise<void> {
    for (let after: string | undefined; ; ) {
      const page = await this.#book.page(ledger, after, PAGE);
      for (const { scheduleId, state } of page) {
        const schedule = state as unknown as Schedule;
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

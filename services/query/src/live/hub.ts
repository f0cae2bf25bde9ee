import type { Readable } from "node:stream";
import { setTimeout as pause } from "node:timers/promises";
import { type Logger, ProblemError } from "@countinghouse/service-kit";
import type { Reached } from "../consistency/waiting-room.ts";
import { type EntryRow, showEntry } from "../projections/entries/queries.ts";
import { type EndReason, type Place, Seat } from "./seat.ts";

/** Limits of live streams, for one process. */
export const LIVE = {
  streamsMax: 2_000,
  streamsOfUserMax: 100,
  /** Nothing is sent for at most this long: a comment tells the reader that the stream lives. */
  heartbeatMs: 15_000,
  /** How long a reader may leave a full buffer untouched. */
  slowMs: 10_000,
  /** How long an ended stream may take to be read to its end. */
  cutOffMs: 2_000,
  /** Streams that one read of the tables serves. */
  streamsPerRead: 100,
  /** Transactions that one read brings a stream. */
  pageSize: 50,
} as const;

export type LiveLimits = Readonly<Record<keyof typeof LIVE, number>>;

const RETRY_AFTER_SECONDS = 5;
/** How long to wait when the tables could not be read. */
const FAILED_PAUSE_MS = 500;
const SWEEP_EVERY_MS = 1_000;
/** Tells browsers how soon to come back. */
const OPENING = "retry: 2000\n\n";
const HEARTBEAT = ":\n\n";

/** The next transactions of an account after a version, for several places at once. */
export interface Want {
  readonly accountId: string;
  readonly after: number;
}

/** Gives, for each want in its order, its next transactions, oldest first, at most `limit`. */
export type ReadNext = (wants: readonly Want[], limit: number) => Promise<EntryRow[][]>;

export interface LiveObserver {
  sent(row: EntryRow): void;
  ended(reason: EndReason | "left"): void;
}

/** Brings the transactions of accounts to whoever has a stream of them open. */
export interface LiveHub {
  /** Begins a stream. Throws a 503 when this process, or the user, has all the streams it may. */
  open(place: Place): Readable;
  /** These versions are in the read tables now. */
  announce(versions: Reached): void;
  /** Announcements may have gone unheard: looks for every stream. */
  lookAgain(): void;
  /** Ends all streams and opens no more. */
  close(): void;
  readonly streams: number;
}

export interface LiveDeps {
  readonly read: ReadNext;
  readonly logger: Logger;
  readonly observer: LiveObserver;
  readonly limits?: Partial<LiveLimits>;
}

export function createLiveHub(deps: LiveDeps): LiveHub {
  return new Hub(deps);
}

class Hub implements LiveHub {
  readonly #deps: LiveDeps;
  readonly #limits: LiveLimits;
  readonly #seats = new Map<string, Set<Seat>>();
  readonly #streamsOfUser = new Map<string, number>();
  /** Streams that there may be something for. */
  readonly #hungry = new Set<Seat>();
  readonly #timers: NodeJS.Timeout[];
  #streams = 0;
  #isServing = false;
  #isClosed = false;

  constructor(deps: LiveDeps) {
    this.#deps = deps;
    this.#limits = { ...LIVE, ...deps.limits };
    this.#timers = [
      setInterval(() => this.#beat(), this.#limits.heartbeatMs),
      setInterval(() => this.#dropSlow(), Math.min(SWEEP_EVERY_MS, this.#limits.slowMs)),
    ];
    for (const timer of this.#timers) timer.unref();
  }

  get streams(): number {
    return this.#streams;
  }

  open(place: Place): Readable {
    const { accountId, userId } = place;
    const ofUser = this.#streamsOfUser.get(userId) ?? 0;
    const isFull = this.#streams >= this.#limits.streamsMax;
    if (this.#isClosed || isFull || ofUser >= this.#limits.streamsOfUserMax) {
      throw new ProblemError("unavailable", { retryAfterSeconds: RETRY_AFTER_SECONDS });
    }
    const seat = new Seat(
      place,
      () => this.#feed(seat),
      () => this.#leave(seat),
    );
    const seats = this.#seats.get(accountId) ?? new Set();
    this.#seats.set(accountId, seats.add(seat));
    this.#streamsOfUser.set(userId, ofUser + 1);
    this.#streams += 1;
    seat.give(OPENING);
    // Only from here on is it told of what is applied: what came in between is looked for.
    this.#feed(seat);
    return seat.feed;
  }

  announce(versions: Reached): void {
    if (this.#streams === 0) return;
    for (const [accountId, version] of versions) {
      for (const seat of this.#seats.get(accountId) ?? []) {
        if (seat.after < version) this.#feed(seat);
      }
    }
  }

  lookAgain(): void {
    for (const seat of this.#all()) this.#feed(seat);
  }

  close(): void {
    this.#isClosed = true;
    for (const timer of this.#timers) clearInterval(timer);
    for (const seat of this.#all()) this.#end(seat, "closing");
  }

  #all(): Seat[] {
    return [...this.#seats.values()].flatMap((seats) => [...seats]);
  }

  #feed(seat: Seat): void {
    this.#hungry.add(seat);
    if (this.#isServing) return;
    this.#isServing = true;
    // Whatever is announced in this turn of the event loop is read at once.
    setImmediate(() => void this.#serve());
  }

  async #serve(): Promise<void> {
    while (this.#hungry.size > 0) {
      const some = [...this.#hungry].slice(0, this.#limits.streamsPerRead);
      for (const seat of some) this.#hungry.delete(seat);
      const seats = some.filter(({ fullSinceMs }) => fullSinceMs === undefined);
      try {
        await this.#serveSome(seats);
      } catch (err) {
        this.#deps.logger.warn({ err }, "transactions cannot be read for streams; trying again");
        for (const seat of seats) if (!seat.isOver) this.#hungry.add(seat);
        await pause(FAILED_PAUSE_MS);
      }
    }
    this.#isServing = false;
  }

  /** Streams of one account that are at the same place share what is read. */
  async #serveSome(seats: readonly Seat[]): Promise<void> {
    const groups = [...Map.groupBy(seats, ({ place, after }) => `${place.accountId} ${after}`)];
    const wants = groups.flatMap(([, [seat]]) => {
      return seat === undefined ? [] : [{ accountId: seat.place.accountId, after: seat.after }];
    });
    if (wants.length === 0) return;
    const found = await this.#deps.read(wants, this.#limits.pageSize);
    for (const [i, [, group]] of groups.entries()) this.#deliver(group, found[i] ?? []);
  }

  #deliver(seats: readonly Seat[], rows: readonly EntryRow[]): void {
    const texts = rows.map((row) => textOf(row, seats[0]?.place.currency ?? ""));
    for (const seat of seats) {
      for (const [i, row] of rows.entries()) {
        if (seat.fullSinceMs !== undefined || seat.isOver) break;
        seat.after = row.version;
        seat.give(texts[i] ?? "");
        this.#deps.observer.sent(row);
      }
      const isAtEnd = rows.length < this.#limits.pageSize;
      if (!isAtEnd && seat.fullSinceMs === undefined && !seat.isOver) this.#feed(seat);
    }
  }

  #beat(): void {
    for (const seat of this.#all()) if (seat.fullSinceMs === undefined) seat.give(HEARTBEAT);
  }

  #dropSlow(): void {
    const before = performance.now() - this.#limits.slowMs;
    for (const seat of this.#all()) {
      if (seat.fullSinceMs === undefined || seat.fullSinceMs > before) continue;
      const { accountId, userId } = seat.place;
      this.#deps.logger.warn({ accountId, userId }, "a stream is read too slowly; ended");
      this.#end(seat, "too_slow");
    }
  }

  #end(seat: Seat, reason: EndReason): void {
    if (!this.#remove(seat)) return;
    this.#deps.observer.ended(reason);
    seat.end(reason, this.#limits.cutOffMs);
  }

  #leave(seat: Seat): void {
    if (this.#remove(seat)) this.#deps.observer.ended("left");
  }

  #remove(seat: Seat): boolean {
    const { accountId, userId } = seat.place;
    const seats = this.#seats.get(accountId);
    if (seats === undefined || !seats.delete(seat)) return false;
    if (seats.size === 0) this.#seats.delete(accountId);
    this.#hungry.delete(seat);
    const left = (this.#streamsOfUser.get(userId) ?? 1) - 1;
    if (left === 0) this.#streamsOfUser.delete(userId);
    else this.#streamsOfUser.set(userId, left);
    this.#streams -= 1;
    return true;
  }
}

/** A transaction as an event whose id says where to go on after it. */
function textOf(row: EntryRow, currency: string): string {
  return `id: ${row.version}\ndata: ${JSON.stringify(showEntry(row, currency))}\n\n`;
}

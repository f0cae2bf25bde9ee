import type { Envelope } from "@countinghouse/contracts";

/** A part of the system that can be wrong by itself. */
export type Area = "log" | "read tables" | "tree" | "Kafka";

/** A rule of the system, and what was found about it. */
export interface Check {
  readonly area: Area;
  readonly rule: string;
  /** How much was looked at, in a few words. */
  readonly seen: string;
  /** How many times it does not hold; the first of them are told. */
  readonly wrong: number;
  readonly first: readonly string[];
}

/** Takes the events of all ledgers, each ledger's in its order, and says what was wrong. */
export interface LogCheck {
  take(event: Envelope): void;
  /** `now` is when the last event was taken, for what has to be there in time. */
  finish(now: Date): readonly Check[];
}

/** So many faults of a rule are told; the others are counted. */
const TOLD_MAX = 5;
/** What follows the log may be so far behind it. */
export const LAG_MAX_SECONDS = 30;

/** Counts what breaks a rule. */
export class Faults {
  readonly #first: string[] = [];
  #count = 0;

  add(what: string): void {
    this.#count += 1;
    if (this.#count <= TOLD_MAX) this.#first.push(what);
  }

  check(area: Area, rule: string, seen: string): Check {
    return { area, rule, seen, wrong: this.#count, first: this.#first };
  }
}

/** Events that a follower of the log does not have, and for how long the oldest has waited. */
export class Lag {
  #events = 0;
  #oldest: string | undefined;

  add({ recordedAt }: Envelope): void {
    this.#events += 1;
    this.#oldest ??= recordedAt;
  }

  /** Behind is what waits for longer than LAG_MAX_SECONDS. */
  check(area: Area, now: Date): Check {
    const seconds = this.#oldest === undefined ? 0 : (+now - Date.parse(this.#oldest)) / 1_000;
    const faults = new Faults();
    const waits = `${this.#events} events wait, the oldest for ${Math.round(seconds)} s`;
    if (seconds > LAG_MAX_SECONDS) faults.add(waits);
    const seen = this.#events === 0 ? "all of the log" : waits;
    return faults.check(area, `it is at most ${LAG_MAX_SECONDS} s behind the log`, seen);
  }
}

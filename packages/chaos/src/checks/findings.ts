/** What has to hold, whatever breaks. */
export const INVARIANTS = {
  "acknowledged once": "every acknowledged command is in the log exactly once",
  "unanswered once": "a command without an answer is there at most once, and its retry agrees",
  positions: "positions have no gap",
  times: "no event is recorded before the one before it",
  versions: "versions of every stream have no gap",
  money: "no money comes or goes, in any currency",
  balances: "every balance after a posting is the sum of what there was before",
  limits: "no account spends what it does not have, at any position",
  "kept states": "the state kept of a stream is the fold of its events",
  "read tables": "the read tables are the fold of the log, running balances and all",
  topic: "Kafka holds every event, those of an account in order",
  "own writes": "who has an answer reads what it says",
  "same answers": "the same key has the same answer, byte for byte",
  "strange answers": "nobody gets an answer that is none of the contract's",
  checkpoints: "checkpoints only grow, each the root of the log's first events",
  sessions: "a revoked session stays revoked",
  recovery: "the full service is back within 30 s, without anyone's help",
  "bounded processes": "no process grows without bound",
  quiet: "while nothing is broken, no command is refused for a while",
  degradation: "what does not need the broken part goes on",
} as const;

export type Invariant = keyof typeof INVARIANTS;

/** One thing that was not as it has to be. */
export interface Violation {
  readonly invariant: Invariant;
  readonly what: string;
}

/** More of one kind say nothing new. */
const OF_A_KIND_MAX = 5;

/** Violations, a few of each kind. */
export class Findings {
  readonly all: Violation[] = [];
  readonly #counts = new Map<Invariant, number>();

  add(invariant: Invariant, what: string): void {
    const count = this.count(invariant) + 1;
    this.#counts.set(invariant, count);
    if (count <= OF_A_KIND_MAX) this.all.push({ invariant, what });
  }

  addAll(invariant: Invariant, all: readonly string[]): void {
    for (const what of all) this.add(invariant, what);
  }

  /** How many there were of a kind, with those that are not listed. */
  count(invariant: Invariant): number {
    return this.#counts.get(invariant) ?? 0;
  }
}

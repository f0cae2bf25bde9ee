/** Everything that a verification can find, by its stable code. */
export const FINDINGS = {
  malformed_file: "a file of the bundle is missing or is not what it should be",
  bad_signature: "the checkpoint is not signed by the key",
  another_key: "the key in the bundle is not the key that was given",
  another_log: "the checkpoint is of another log",
  truncated: "events that the checkpoint covers are missing at the end",
  surplus: "there are more events than the checkpoint covers",
  edited: "an event was changed",
  deleted: "an event was taken out",
  inserted: "an event was put in",
  swapped: "two events have changed places",
  rewritten: "this event and the ones after it are others than were sealed",
  tile_changed: "a tile of hashes was changed",
  root_differs: "events and hashes are not those that the checkpoint was signed for",
  rolled_back: "the log is shorter than it was",
  forked: "the log does not begin with what it was",
  not_canonical: "an entry is not in its canonical form (RFC 8785)",
  malformed_event: "an entry is no event",
  wrong_position: "an event stands at another place than it says",
  wrong_ledger: "an event is of another ledger",
  time_goes_back: "an event was recorded before the one before it",
  version_gap: "an event does not follow the one before it in its stream",
  balance_wrong: "the balance after a posting is not the balance before it and the amount",
  unfoldable: "an event does not fit its account",
  unbalanced_transfer: "a transfer has taken from one account what no other got",
  unbalanced_books: "the balances of all accounts are not what came in and went out",
  state_differs: "an account that was shown is not the fold of its events",
} as const;

export type FindingCode = keyof typeof FINDINGS;

/** One thing that is not as it should be. */
export interface Finding {
  readonly code: FindingCode;
  /** The first position that it concerns, where there is one. */
  readonly position?: number;
  /** The last position, where it concerns a range. */
  readonly until?: number;
  /** What else there is to say: a file, an account, what was expected. */
  readonly about?: string;
}

/** A finding as a sentence. */
export function describeFinding({ code, position, until, about }: Finding): string {
  const range = until === undefined || until === position ? "" : ` to ${until}`;
  const place = position === undefined ? "" : ` at position ${position}${range}`;
  return `${FINDINGS[code]}${place}${about === undefined ? "" : ` (${about})`}`;
}

/** More of one kind say nothing new. */
const OF_A_KIND_MAX = 5;

/** Findings in the order in which they were made, a few of each kind. */
export class Findings {
  readonly #all: Finding[] = [];
  readonly #counts = new Map<FindingCode, number>();

  add(finding: Finding): void {
    const count = (this.#counts.get(finding.code) ?? 0) + 1;
    this.#counts.set(finding.code, count);
    if (count <= OF_A_KIND_MAX) this.#all.push(finding);
  }

  get all(): readonly Finding[] {
    return this.#all;
  }

  /** How many there were of each kind, with those that are not listed. */
  get counts(): ReadonlyMap<FindingCode, number> {
    return this.#counts;
  }
}

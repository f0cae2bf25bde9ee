/** Why a ledger is sealed no further. Each is for a person to look into; none mends itself. */
export const REFUSALS = {
  another_key: "what was published is not signed by the key of this service",
  published_differs: "the tree is not the one that was published",
  log_differs: "the log has another event than was sealed",
  broken_tree: "what is stored of the tree contradicts itself",
  entry_too_large: "an event is larger than a leaf can be",
} as const;

export type RefusalCode = keyof typeof REFUSALS;

/** A ledger that this service does not sign any further. */
export class Refusal extends Error {
  readonly code: RefusalCode;
  readonly retryable = false;
  override readonly name = "Refusal";
  /** The position at which it was found. */
  readonly position: number;

  constructor(code: RefusalCode, position: number, cause?: unknown) {
    super(`${REFUSALS[code]} (position ${position})`, cause === undefined ? {} : { cause });
    this.code = code;
    this.position = position;
  }
}

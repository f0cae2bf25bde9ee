/**
 * Thrown by `onEvent`: this event cannot be applied, now or later. Its account stops there and is
 * reported, all others go on. Any other error has the whole batch come again.
 */
export class StopAccountError extends Error {
  readonly code = "stop_account";
  readonly retryable = false;
  override readonly name = "StopAccountError";
}

/** A store in memory has as many accounts as it may: take one that keeps them elsewhere. */
export class StoreFullError extends Error {
  readonly code = "store_full";
  readonly retryable = false;
  override readonly name = "StoreFullError";
}

/** The database gave a transaction up at its commit, although nothing had failed before. */
export class NotCommittedError extends Error {
  readonly code = "not_committed";
  readonly retryable = true;
  override readonly name = "NotCommittedError";
}

/** The bank answered a request for its log or for a token with a refusal. */
export class BankRefusedError extends Error {
  readonly code = "bank_refused";
  override readonly name = "BankRefusedError";
  readonly status: number;
  /** Whether the same request may be granted later. */
  readonly retryable: boolean;

  constructor(what: string, status: number) {
    super(`the bank answered ${status} to ${what}`);
    this.status = status;
    this.retryable = status === 429 || status >= 500;
  }
}

/** An account can only be mended from the log over HTTP, and this source was given none. */
export class NoLogError extends Error {
  readonly code = "no_log";
  readonly retryable = false;
  override readonly name = "NoLogError";
}

/** An account got new gaps for as long as it was mended. */
export class NotMendedError extends Error {
  readonly code = "not_mended";
  readonly retryable = true;
  override readonly name = "NotMendedError";
}

/** A stream was not at the version that a decision was made on; decide again on what is there. */
export class VersionConflictError extends Error {
  readonly code = "version_conflict";
  readonly retryable = true;
  override readonly name = "VersionConflictError";
}

/** An idempotency key has an answer already; give that one. */
export class KeyTakenError extends Error {
  readonly code = "key_taken";
  readonly retryable = false;
  override readonly name = "KeyTakenError";
}

export class UnknownLedgerError extends Error {
  readonly code = "unknown_ledger";
  readonly retryable = false;
  override readonly name = "UnknownLedgerError";
}

/** The batch contradicts itself: versions that do not follow, or an event without a stream. */
export class MalformedBatchError extends Error {
  readonly code = "malformed_batch";
  readonly retryable = false;
  override readonly name = "MalformedBatchError";
}

/** Undone by the server so that another transaction could go on; the same again may succeed. */
export class DeadlockError extends Error {
  readonly code = "deadlock";
  readonly retryable = true;
  override readonly name = "DeadlockError";
}

/** The server does not promise that what it acknowledged survives a crash. */
export class NotDurableError extends Error {
  readonly code = "not_durable";
  readonly retryable = false;
  override readonly name = "NotDurableError";
}

/** The log has later events than what was to be put into it, or time has not come so far. */
export class HistoryError extends Error {
  readonly code = "not_after_the_log";
  readonly retryable = false;
  override readonly name = "HistoryError";
}

const BY_SQLSTATE: Readonly<Record<string, new (text: string, options: ErrorOptions) => Error>> = {
  CH001: VersionConflictError,
  CH002: KeyTakenError,
  CH003: UnknownLedgerError,
  CH004: MalformedBatchError,
  CH006: HistoryError,
  "40P01": DeadlockError,
};

/** The error class that a failure of the append function stands for, or the failure itself. */
export function named(error: unknown): unknown {
  const { code, message } = error as Error & { code?: string };
  const Named = BY_SQLSTATE[code ?? ""];
  return Named === undefined ? error : new Named(message, { cause: error });
}

/** Whether the server has refused a statement, on a connection that is as good as before. */
export function isRefusal(error: unknown): boolean {
  return Object.values(BY_SQLSTATE).some((Named) => error instanceof Named);
}

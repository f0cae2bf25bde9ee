import type { LogEvent } from "../events/account-event.ts";
import type { LogReader } from "../log-reader.ts";

/** The log, read from end to end by an operator's tool. */
export interface LogPages extends LogReader {
  /** Every ledger with the position of its last event. */
  heads(): Promise<{ ledger: number; position: number }[]>;
  /** The events after one position up to another, inclusive; the first `limit` of them. */
  page(slice: LogSlice): Promise<LogEvent[]>;
}

export interface LogSlice {
  readonly ledger: number;
  readonly after: number;
  readonly upTo: number;
  readonly limit: number;
}

import type { Actor } from "@countinghouse/contracts";
import type { Lease, Marks } from "./leases.ts";
import type { SavingsMonth, SavingsSlice } from "./savings.ts";

export type JsonObject = Readonly<Record<string, unknown>>;

/** A stream is found by its ledger and its id. */
export interface StreamRef {
  readonly ledger: number;
  readonly streamId: string;
}

/** A stream as it is stored: its version and the cached fold of its events. */
export interface StoredStream {
  readonly category: string;
  readonly version: number;
  readonly state: JsonObject;
  readonly stateSchema: number;
}

export interface NewEvent {
  readonly type: string;
  readonly schemaVersion: number;
  readonly data: JsonObject;
}

/** Events for one stream, and what the stream is after them. */
export interface StreamChange extends StreamRef {
  readonly category: string;
  /** The version that the decision was made on; 0 for a stream that must not exist yet. */
  readonly expectedVersion: number;
  readonly events: readonly NewEvent[];
  readonly state: JsonObject;
  readonly stateSchema: number;
}

/** The answer of a decided command, kept for ever under the caller's key. */
export interface AnswerRecord {
  /** Whose key it is. */
  readonly scope: string;
  readonly key: string;
  /** The request as JSON, to tell a repeat from another request. */
  readonly request: string;
  readonly status: number;
  /** The body, byte for byte. */
  readonly response: string;
  /** The Consistency-Token that came with it. */
  readonly token: string;
}

/** What an answer is kept under. */
export type AnswerKey = Pick<AnswerRecord, "scope" | "key">;

/** A command that has no answer yet, and for how long it has been under way, in milliseconds. */
export interface InFlight extends AnswerKey {
  readonly ageMs: number;
}

/** A stream that a decision looked at, and the version it saw; 0 for one that does not exist. */
export interface StreamRead extends StreamRef {
  readonly version: number;
}

/** Who and what caused the events of a decision. */
export interface Cause {
  readonly actor: Actor;
  readonly correlationId: string;
  readonly traceparent?: string;
}

/** What one command did: events of any number of streams, and its answer. A refusal has none. */
export interface Decision {
  readonly ledger: number;
  /** All streams that the decision rests on, changed or not: none may have moved meanwhile. */
  readonly reads: readonly StreamRead[];
  readonly changes: readonly StreamChange[];
  readonly cause: Cause;
  readonly answer: AnswerRecord;
}

/** What appends and loads, inside or outside a lock of log heads. */
export interface LogSession {
  /**
   * Appends all decisions in one transaction and returns when they are durable: all or none. In the
   * order given; a later decision may build on an earlier one's versions.
   * @throws VersionConflictError a stream is not at the version a decision was made on
   * @throws KeyTakenError a key has an answer already
   * @throws UnknownLedgerError
   * @throws DeadlockError
   */
  append(decisions: readonly Decision[]): Promise<void>;
  /** The streams that exist, by id. */
  load(refs: readonly StreamRef[]): Promise<ReadonlyMap<string, StoredStream>>;
  /** The events of a stream from its first, to fold a state anew. */
  eventsOf(ref: StreamRef): Promise<NewEvent[]>;
  /** Under a lock: the last position of each locked ledger, after which the next append goes on. */
  readonly heads?: ReadonlyMap<number, number>;
}

/** Where a thing that lives in an account began. */
export interface Origin {
  readonly streamId: string;
  readonly event: NewEvent;
}

/** A hold that an account still has though its time is over. */
export interface OverdueHold extends StreamRef {
  readonly holdId: string;
  readonly expiresAt: string;
}

/** The log as its only writer uses it. */
export interface EventStore extends LogSession {
  /**
   * Runs `work` while holding the heads of these ledgers, locked in ledger order, in one
   * transaction: nobody else appends to them meanwhile, so a decision made inside cannot conflict.
   */
  locked<T>(ledgers: readonly number[], work: (session: LogSession) => Promise<T>): Promise<T>;
  /**
   * Tells every process of the log which commands are under way in this one, and have been for so
   * long; gives the keys of those that are under way in another process for longer. What is not
   * said again within two seconds counts no more, so a process that ended holds no key.
   */
  announce(flights: readonly InFlight[]): Promise<AnswerKey[]>;
  /** The answers that these keys have by now, in any order. */
  findAnswers(keys: readonly AnswerKey[]): Promise<AnswerRecord[]>;
  /** The event of a stream by its version. */
  findEvent(ref: StreamRef, version: number): Promise<NewEvent | undefined>;
  /** The debit event of a transfer or reversal, by the transfer's id. */
  findTransfer(ledger: number, transferId: string): Promise<NewEvent | undefined>;
  /**
   * The event by which a hold, a card or a proposal began, by its id, and the stream that it is in:
   * that of an account, or of a tariff.
   */
  findOrigin(ledger: number, id: string): Promise<Origin | undefined>;
  /**
   * Holds of accounts that are over at a moment and not said to be in the log, those first that are
   * over for longest; only such as are over after `after`. Both are RFC 3339 in UTC, in ms.
   */
  findOverdueHolds(after: string, now: string, limit: number): Promise<OverdueHold[]>;
  readonly lease: Lease;
  readonly marks: Marks;
  /**
   * Whether nothing of before a moment can come into the log any more, by the clock of the database
   * and with a minute to spare for what is on its way.
   */
  isSettled(moment: Date): Promise<boolean>;
  /** Savings accounts that were open before the end of a month, and their balances in it. */
  savings(slice: SavingsSlice): Promise<SavingsMonth[]>;
  ledgers(): Promise<number[]>;
  ledgerExists(ledger: number): Promise<boolean>;
}

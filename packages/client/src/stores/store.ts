import type { StoppedAccount } from "../plan.ts";

/** How far an account is applied. An account of which nothing is known has version 0. */
export interface AccountProgress {
  readonly ledger: number;
  /** Of the last event that was applied. */
  readonly version: number;
  /** Of that event in the log of its ledger. */
  readonly position: number;
  readonly stopped?: StoppedAccount;
}

/** The part of a transaction that the kit uses; the rest of it is the subscriber's. */
export interface Progress {
  /**
   * How far these accounts are, by id; those that are not known are left out. No other transaction
   * reads or writes them until this one has ended.
   */
  read(accountIds: readonly string[]): Promise<ReadonlyMap<string, AccountProgress>>;
  write(accounts: ReadonlyMap<string, AccountProgress>): Promise<void>;
  /** Says where a source goes on; never moves it back. */
  moveTo(source: string, next: bigint): Promise<void>;
}

/**
 * Where a subscriber keeps how far it is. What makes an event count once is that this and what came
 * of the event are stored in one transaction: `onEvent` gets it as its second argument.
 */
export interface SubscriberStore<Tx> {
  /** Where a source goes on; 0n when it was never moved. */
  position(source: string): Promise<bigint>;
  /** Commits when `work` resolves; stores nothing at all when it, or the commit, rejects. */
  transaction<T>(work: (tx: Tx, progress: Progress) => Promise<T>): Promise<T>;
  /** Accounts that stopped, at most `limit` of them, by id. */
  stopped(limit: number): Promise<StoppedAccount[]>;
}

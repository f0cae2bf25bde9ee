import type { LimitFault, ProblemCode } from "@countinghouse/contracts";
import type { Cause, NewEvent, StreamRef } from "@countinghouse/event-store";
import type { Category, Stream } from "./aggregates.ts";

/** A stream that a command decides on. */
export interface Read extends StreamRef {
  readonly category: Category;
}

/**
 * What a stream is remembered by. Its id alone would let a command see a stream of another category
 * as one of its own.
 */
export function keyOf({ category, streamId }: Read): string {
  return `${category} ${streamId}`;
}

/** The streams of a command as they stand when it is decided, in the order of its reads. */
export type View = readonly Stream[];

/**
 * What a decision comes to: events for some of the streams it read, and an answer; or a refusal.
 */
export type Outcome =
  | {
      readonly kind: "accepted";
      readonly status: number;
      /** Null for an answer without one. */
      readonly body: object | null;
      /** By the index of the read that they belong to. */
      readonly events: ReadonlyMap<number, readonly NewEvent[]>;
    }
  | { readonly kind: "refused"; readonly code: ProblemCode; readonly limit?: LimitFault };

/** A request that changes something, made ready to be decided. */
export interface Command {
  /** The ledger whose batches it goes with and that keeps its answer. */
  readonly ledger: number;
  readonly reads: readonly Read[];
  /** Whose key it is, the key, and the request as JSON. */
  readonly scope: string;
  readonly key: string;
  readonly request: string;
  readonly cause: Cause;
  /**
   * Decides on what the streams are now. Pure, and called again when they turn out to have moved.
   */
  decide(view: View): Outcome;
}

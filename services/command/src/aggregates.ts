import type { JsonObject, NewEvent } from "@countinghouse/event-store";

/** How the states of one category of streams are folded and stored. */
interface Aggregate {
  readonly evolve: (state: unknown, event: NewEvent) => unknown;
  readonly toJson: (state: unknown) => JsonObject;
  readonly fromJson: (json: JsonObject) => unknown;
  /** The version of the stored form; a state stored in another is folded from its events again. */
  readonly schema: number;
}

export type Category = "account" | "transfer" | "schedule" | "tariff";
export type Aggregates = Readonly<Record<Category, Aggregate>>;

/** A stream as decisions see it; version 0 and no state when it does not exist. */
export interface Stream {
  readonly version: number;
  readonly state: unknown;
}

export const NO_STREAM: Stream = { version: 0, state: undefined };

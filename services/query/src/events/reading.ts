import type { Static, TSchema } from "typebox";
import { Compile } from "typebox/compile";
import { exactMinorUnits } from "../money.ts";
import type { Fact } from "./account-event.ts";

/** An event that these projections do not understand; its account is parked until they do. */
export class UnreadableEventError extends Error {
  readonly code = "event_unreadable";
  readonly retryable = false;

  constructor(reason: string, cause?: unknown) {
    super(reason, cause === undefined ? {} : { cause });
    this.name = "UnreadableEventError";
  }
}

/** Minor units of an event's money. Throws an UnreadableEventError for what is none. */
export function readMoney(money: { value: string; currency: string }): bigint {
  try {
    return exactMinorUnits(money);
  } catch (cause) {
    throw new UnreadableEventError("an amount that is no money", cause);
  }
}

/** Reads data that is sure to be of a shape. Throws an UnreadableEventError for any other. */
export function reader<T extends TSchema, F extends Fact>(
  schema: T,
  read: (data: Static<T>) => F,
): (data: object) => F {
  const validator = Compile(schema);
  return (data) => {
    if (!validator.Check(data)) throw new UnreadableEventError("its data has another shape");
    return read(data as Static<T>);
  };
}

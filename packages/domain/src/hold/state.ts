import { minorUnits } from "../money.ts";
import type { HoldCaptured, HoldEvent, HoldPlaced } from "./events.ts";

/** What is left of an active hold; one that is over has no state. */
export interface Hold {
  /** In minor units of the account's currency; so is `captured`. */
  readonly remaining: bigint;
  readonly captured: bigint;
  readonly placedOn: string;
  readonly expiresAt?: string;
  readonly cardId?: string;
}

/** The active holds of an account, by their ids; undefined where there are none. */
export type Holds = Readonly<Record<string, Hold>> | undefined;

/** Whether a hold counts no more at a moment, RFC 3339 in UTC with milliseconds. */
export function isOver({ expiresAt }: Hold, now: string): boolean {
  return expiresAt !== undefined && expiresAt <= now;
}

/** All that is held; at a moment, less what is over by then. */
export function heldBy(holds: Holds, now?: string): bigint {
  if (holds === undefined) return 0n;
  return Object.values(holds).reduce((sum, hold) => {
    return now !== undefined && isOver(hold, now) ? sum : sum + hold.remaining;
  }, 0n);
}

/** The holds of an account after an event. */
export function evolveHolds(holds: Holds, event: HoldEvent): Holds {
  const { holdId } = event.data;
  switch (event.type) {
    case "HoldPlaced":
      return { ...holds, [holdId]: placed(event.data) };
    case "HoldCaptured": {
      const hold = holds?.[holdId];
      const { remaining, captured } = left(event.data);
      if (hold === undefined || remaining === 0n) return without(holds, holdId);
      return { ...holds, [holdId]: { ...hold, remaining, captured } };
    }
    case "HoldReleased":
    case "HoldExpired":
      return without(holds, holdId);
  }
}

function placed({ amount, day, expiresAt, cardId }: HoldPlaced["data"]): Hold {
  return {
    remaining: minorUnits(amount),
    captured: 0n,
    placedOn: day,
    ...(expiresAt !== undefined && { expiresAt }),
    ...(cardId !== undefined && { cardId }),
  };
}

function left({ remaining, captured }: HoldCaptured["data"]) {
  return { remaining: minorUnits(remaining), captured: minorUnits(captured) };
}

function without(holds: Holds, holdId: string): Holds {
  const { [holdId]: _, ...others } = holds ?? {};
  return Object.keys(others).length === 0 ? undefined : others;
}

/** The holds as JSON can hold them. */
export function holdsToJson(holds: NonNullable<Holds>): Record<string, unknown> {
  const entries = Object.entries(holds).map(([id, { remaining, captured, ...rest }]) => {
    return [id, { ...rest, remaining: String(remaining), captured: String(captured) }];
  });
  return Object.fromEntries(entries);
}

/** The holds that holdsToJson wrote. */
export function holdsFromJson(json: Readonly<Record<string, unknown>>): NonNullable<Holds> {
  const entries = Object.entries(json).map(([id, value]) => {
    const { remaining, captured, ...rest } = value as Record<keyof Hold, string>;
    return [id, { ...rest, remaining: BigInt(remaining), captured: BigInt(captured) }];
  });
  return Object.fromEntries(entries);
}

import type { Account, Envelope } from "@countinghouse/contracts";
import { FakeBank } from "@countinghouse/testing";
import { parseCheckpoint } from "@countinghouse/transparency";
import { createAccountFold } from "@countinghouse/verifier";
import { TestBundle } from "./bundle.ts";

export const SIZE = 1_000;
/** The position at which things are done, in the middle of the second tile. */
export const AT = 300;

export const bank = new FakeBank();
bank.fill(SIZE);
export const other = new FakeBank();
other.fill(SIZE);
export const { events } = bank;
export const older = parseCheckpoint(new TestBundle(events.slice(0, 700)).text("checkpoint"));
/** A log with the first 400 events of the other. */
export const branch = [...events.slice(0, 400), ...other.events.slice(400)];

/** Changes one event, at a position. */
export const edit =
  (position: number, change: (event: Envelope) => object) => (all: Envelope[]) => {
    return all.map((event) => (event.position === position ? (change(event) as Envelope) : event));
  };
export const withData = (change: (data: Record<string, unknown>) => object) => {
  return edit(AT, (event) => ({ ...event, data: change(event.data as Record<string, unknown>) }));
};
export const without = (position: number) => (all: Envelope[]) => {
  return all.filter((event) => event.position !== position);
};
/** As somebody does who takes care that positions have no gap. */
export const renumbered = (all: Envelope[]) =>
  all.map((event, i) => ({ ...event, position: i + 1 }));
export const claimOf = (streamId: string): Account => {
  const fold = createAccountFold();
  for (const event of events) if (event.streamId === streamId) fold.apply(event);
  return fold.account() as Account;
};
export const account = claimOf(events[AT - 1]?.streamId ?? "");

import type { AccountEvent, Freeing, Opened, Posting } from "../events/account-event.ts";
import { UnreadableEventError } from "../events/decode.ts";

/** An account as the events applied so far make it. */
export interface AccountState {
  readonly accountId: string;
  readonly ownerId: string;
  readonly ledger: number;
  readonly type: string;
  readonly name: string | null;
  readonly currency: string;
  readonly status: string;
  readonly balanceMinor: bigint;
  /** All that is held, by what the log says so far: holds that are over by now may be in it. */
  readonly heldMinor: bigint;
  /** The limits in force, JSON as the event has it; null where there are none. */
  readonly limits: string | null;
  readonly overdraftMinor: bigint;
  /** The last day in which outgoing money counted, null for none, and what it came to then. */
  readonly usedDay: string | null;
  readonly usedTodayMinor: bigint;
  readonly usedMonthMinor: bigint;
  readonly version: number;
  readonly position: number;
  readonly openedAt: string;
  readonly updatedAt: string;
}

/** An event, and its account after it. */
export interface AppliedEvent extends AccountEvent {
  readonly after: AccountState;
}

/**
 * The account after its next event. Throws an UnreadableEventError where the event cannot follow:
 * what is shown to customers is never made up.
 */
export function applyEvent(before: AccountState | undefined, event: AccountEvent): AccountState {
  const { fact, version, position, recordedAt } = event;
  if (fact.kind === "opened") return open(before, event, fact);
  if (before === undefined) throw new UnreadableEventError("an account that was never opened");
  const after = { ...before, version, position, updatedAt: recordedAt };
  switch (fact.kind) {
    case "status":
      return { ...after, status: fact.status };
    case "posting":
      return afterPosting(after, fact);
    case "hold_placed":
      return { ...spend(after, fact.day, fact.amountMinor), heldMinor: fact.heldAfterMinor };
    case "hold_ended":
      return freed(after, fact);
    case "proposal": {
      if (fact.of !== "limits" || fact.status !== "approved") return after;
      const limits = fact.details === NO_LIMITS ? null : fact.details;
      return { ...after, limits, overdraftMinor: fact.overdraftMinor };
    }
    case "noted":
    case "card_registered":
    case "card":
      return after;
  }
}

const NO_LIMITS = "{}";
const MONTH_LENGTH = "2026-11".length;

function afterPosting(account: AccountState, fact: Posting): AccountState {
  const after = { ...account, balanceMinor: balanceAfter(account, fact) };
  if (fact.capture !== null) return freed(after, fact.capture);
  return fact.day === null ? after : spend(after, fact.day, fact.amountMinor);
}

/** What counts against limits on a day, which is not before the last one. */
function spend(account: AccountState, day: string, minor: bigint): AccountState {
  const { usedDay, usedTodayMinor, usedMonthMinor } = account;
  const isSameMonth = usedDay !== null && monthOf(usedDay) === monthOf(day);
  return {
    ...account,
    usedDay: day,
    usedTodayMinor: minor + (usedDay === day ? usedTodayMinor : 0n),
    usedMonthMinor: minor + (isSameMonth ? usedMonthMinor : 0n),
  };
}

/** What a hold gives back counts no more, where the day or the month of the hold still does. */
function freed(account: AccountState, { heldAfterMinor, freedMinor, placedOn }: Freeing) {
  const { usedDay, usedTodayMinor, usedMonthMinor } = account;
  const isSameMonth = usedDay !== null && monthOf(usedDay) === monthOf(placedOn);
  return {
    ...account,
    heldMinor: heldAfterMinor,
    usedTodayMinor: usedTodayMinor - (usedDay === placedOn ? freedMinor : 0n),
    usedMonthMinor: usedMonthMinor - (isSameMonth ? freedMinor : 0n),
  };
}

function monthOf(day: string): string {
  return day.slice(0, MONTH_LENGTH);
}

function open(before: AccountState | undefined, event: AccountEvent, fact: Opened): AccountState {
  if (before !== undefined) throw new UnreadableEventError("an account opened twice");
  const { accountId, ledger, version, position, recordedAt } = event;
  const { ownerId, type, name, currency } = fact;
  return {
    ...{ accountId, ownerId, ledger, type, name, currency, version, position },
    status: "open",
    ...{ balanceMinor: 0n, heldMinor: 0n, limits: null, overdraftMinor: 0n },
    ...{ usedDay: null, usedTodayMinor: 0n, usedMonthMinor: 0n },
    openedAt: recordedAt,
    updatedAt: recordedAt,
  };
}

function balanceAfter(before: AccountState, fact: Posting): bigint {
  if (fact.currency !== before.currency) {
    throw new UnreadableEventError("a posting in another currency than the account's");
  }
  const signed = fact.direction === "credit" ? fact.amountMinor : -fact.amountMinor;
  if (before.balanceMinor + signed !== fact.balanceAfterMinor) {
    throw new UnreadableEventError("a posting whose balance does not follow from the last one");
  }
  return fact.balanceAfterMinor;
}

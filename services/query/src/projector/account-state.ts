import type { AccountEvent, Opened, Posting } from "../events/account-event.ts";
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
  if (fact.kind === "status") return { ...after, status: fact.status };
  return { ...after, balanceMinor: balanceAfter(before, fact) };
}

function open(before: AccountState | undefined, event: AccountEvent, fact: Opened): AccountState {
  if (before !== undefined) throw new UnreadableEventError("an account opened twice");
  const { accountId, ledger, version, position, recordedAt } = event;
  const { ownerId, type, name, currency } = fact;
  return {
    ...{ accountId, ownerId, ledger, type, name, currency, version, position },
    status: "open",
    balanceMinor: 0n,
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

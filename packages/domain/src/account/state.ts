import { minorUnits } from "../money.ts";
import type { AccountEvent, AccountType } from "./events.ts";

/** What decisions need to know of an account. */
export interface Account {
  readonly ownerId: string;
  readonly accountType: AccountType;
  readonly currency: string;
  readonly status: "open" | "frozen" | "closed";
  /** In minor units of the currency. */
  readonly balance: bigint;
}

/** The version of the stored form of an account's state. */
export const ACCOUNT_STATE_SCHEMA = 1;

const UNOPENED: Account = {
  ownerId: "",
  accountType: "checking",
  currency: "",
  status: "closed",
  balance: 0n,
};

/** The account after an event. Records what happened, judges nothing. */
export function evolveAccount(state: Account | undefined, event: AccountEvent): Account {
  const account = state ?? UNOPENED;
  switch (event.type) {
    case "AccountOpened": {
      const { ownerId, accountType, currency } = event.data;
      return { ownerId, accountType, currency, status: "open", balance: 0n };
    }
    case "MoneyDeposited":
    case "MoneyWithdrawn":
    case "TransferSent":
    case "TransferReceived":
    case "ReversalSent":
    case "ReversalReceived":
      return { ...account, balance: minorUnits(event.data.balanceAfter) };
    case "AccountFrozen":
      return { ...account, status: "frozen" };
    case "AccountUnfrozen":
      return { ...account, status: "open" };
    case "AccountClosed":
      return { ...account, status: "closed" };
  }
}

/** The fold of an account's events from the first. */
export function foldAccount(events: readonly AccountEvent[]): Account | undefined {
  return events.reduce<Account | undefined>(evolveAccount, undefined);
}

/** The state as JSON can hold it. */
export function accountToJson(state: Account): Record<string, unknown> {
  return { ...state, balance: String(state.balance) };
}

/** The state that accountToJson wrote in this schema version. */
export function accountFromJson(json: Readonly<Record<string, unknown>>): Account {
  return { ...(json as unknown as Account), balance: BigInt(json.balance as string) };
}

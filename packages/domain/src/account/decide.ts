// Refusals in the order in which they are looked for:
// not_found, account_closed, account_frozen or account_not_frozen, currency_mismatch,
// account_not_empty, insufficient_funds, limit_exceeded.
import { accept, type By, type Decision, type Refusal, refuse } from "../decision.ts";
import { balanceLimit, type Money, moneyText } from "../money.ts";
import type { AccountEvent, AccountOpened, AccountType } from "./events.ts";
import type { Account } from "./state.ts";

/** The caller has made sure of the owner, and that the currency is one of decimalsOf. */
export interface OpenAccount {
  readonly ownerId: string;
  readonly accountType: AccountType;
  readonly currency: string;
  readonly name?: string;
}

/** Money in or out of the bank; the amount is above zero, as parseAmount gives it. */
export interface Post {
  readonly by: By;
  readonly transactionId: string;
  readonly amount: Money;
  readonly reference?: string;
}

/** A change of status, for a reason that people can read. */
export interface Explain {
  readonly by: By;
  readonly reason: string;
}

type AccountDecision = Decision<AccountEvent>;

/** Always accepted. The event has these fields and no others, whatever object the command is. */
export function openAccount(command: OpenAccount): Decision<AccountOpened> {
  const { ownerId, accountType, currency, name } = command;
  const data = { ownerId, accountType, currency, ...(name !== undefined && { name }) };
  return accept({ type: "AccountOpened", data });
}

/** A frozen account takes it too. */
export function deposit(command: Post, state: Account | undefined): AccountDecision {
  const account = visible(state, command.by);
  if (account === undefined) return refuse("not_found");
  const refusal = refusesCredit(account, command.amount);
  if (refusal !== undefined) return refuse(refusal);
  const balance = account.balance + command.amount.minor;
  return accept({ type: "MoneyDeposited", data: posted(command, "credit", balance) });
}

/** Never more than the balance. */
export function withdraw(command: Post, state: Account | undefined): AccountDecision {
  const account = visible(state, command.by);
  if (account === undefined) return refuse("not_found");
  const refusal = refusesDebit(account, command.amount);
  if (refusal !== undefined) return refuse(refusal);
  const balance = account.balance - command.amount.minor;
  return accept({ type: "MoneyWithdrawn", data: posted(command, "debit", balance) });
}

/** Once: what is frozen is refused. */
export function freeze(command: Explain, state: Account | undefined): AccountDecision {
  const account = visible(state, command.by);
  if (account === undefined) return refuse("not_found");
  if (account.status === "closed") return refuse("account_closed");
  if (account.status === "frozen") return refuse("account_frozen");
  return accept({ type: "AccountFrozen", data: { reason: command.reason } });
}

/** Once: what is open is refused. */
export function unfreeze(command: Explain, state: Account | undefined): AccountDecision {
  const account = visible(state, command.by);
  if (account === undefined) return refuse("not_found");
  if (account.status === "closed") return refuse("account_closed");
  if (account.status === "open") return refuse("account_not_frozen");
  return accept({ type: "AccountUnfrozen", data: { reason: command.reason } });
}

/** A frozen account is not closed: what it was frozen for is not settled. */
export function close({ by }: { by: By }, state: Account | undefined): AccountDecision {
  const account = visible(state, by);
  if (account === undefined) return refuse("not_found");
  if (account.status === "closed") return refuse("account_closed");
  if (account.status === "frozen") return refuse("account_frozen");
  if (account.balance !== 0n) return refuse("account_not_empty");
  return accept({ type: "AccountClosed", data: {} });
}

/** The account, if there is one that this caller may touch. */
export function visible(state: Account | undefined, by: By): Account | undefined {
  return by.kind === "any" || state?.ownerId === by.userId ? state : undefined;
}

/** Why an account cannot take a credit: a frozen one can. */
export function refusesCredit(account: Account, amount: Money): Refusal | undefined {
  if (account.status === "closed") return "account_closed";
  if (account.currency !== amount.currency) return "currency_mismatch";
  const isTooMuch = account.balance + amount.minor >= balanceLimit(account.currency);
  return isTooMuch ? "limit_exceeded" : undefined;
}

/** Why an account cannot take a debit. */
export function refusesDebit(account: Account, amount: Money): Refusal | undefined {
  if (account.status === "closed") return "account_closed";
  if (account.status === "frozen") return "account_frozen";
  if (account.currency !== amount.currency) return "currency_mismatch";
  return account.balance < amount.minor ? "insufficient_funds" : undefined;
}

/** What every posting says of itself. */
export function posted<D extends "credit" | "debit">(command: Post, direction: D, balance: bigint) {
  const { transactionId, amount, reference } = command;
  return {
    transactionId,
    amount: moneyText(amount.minor, amount.currency),
    direction,
    balanceAfter: moneyText(balance, amount.currency),
    ...(reference !== undefined && { reference }),
  };
}

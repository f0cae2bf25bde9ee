// Refusals in the order in which they are looked for:
// not_found, account_closed, account_frozen or account_not_frozen, currency_mismatch,
// account_not_empty, insufficient_funds (of the amount and the fee), limit_exceeded.
import { accept, type By, type Decision, type Refusal, refuse, type When } from "../decision.ts";
import { heldBy } from "../hold/state.ts";
import { dayToCount, refusesSpending } from "../limits/check.ts";
import { balanceLimit, type Money, minorUnits, moneyText } from "../money.ts";
import { chargeOf, feeOn } from "../tariff/fee.ts";
import type { Tariff } from "../tariff/state.ts";
import type { AccountEvent, AccountOpened, AccountType } from "./events.ts";
import { type Account, settled } from "./state.ts";

/** The caller has made sure of the owner, and that the currency is one of decimalsOf. */
export interface OpenAccount {
  readonly ownerId: string;
  readonly accountType: AccountType;
  readonly currency: string;
  readonly name?: string;
}

/** A posting; the amount is above zero, as parseAmount gives it. */
export interface Post {
  readonly transactionId: string;
  readonly amount: Money;
  readonly reference?: string;
}

/** Money in or out of the bank, at a time; `feeId` is the transaction of its fee, if any. */
export interface Move extends Post {
  readonly by: By;
  readonly when: When;
  readonly feeId: string;
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

/** A frozen account takes it too, and pays no fee. A fee beyond the amount has to be available. */
export function deposit(
  command: Move,
  state: Account | undefined,
  tariff?: Tariff,
): Decision<readonly AccountEvent[]> {
  const account = visible(state, command.by);
  if (account === undefined) return refuse("not_found");
  const { amount } = command;
  const refusal = refusesCredit(account, amount);
  if (refusal !== undefined) return refuse(refusal);
  const balance = account.balance + amount.minor;
  const deposited = { type: "MoneyDeposited", data: posted(command, "credit", balance) } as const;
  const fee = account.status === "frozen" ? 0n : feeOn(tariff, "deposit", amount);
  if (fee === 0n) return accept([deposited]);
  const { account: free, expired } = settled(account, command.when.now);
  const isPaid = fee <= amount.minor || available(free) + amount.minor >= fee;
  if (!isPaid) return refuse("insufficient_funds");
  return accept([...expired, deposited, ...charged(fee, "deposit", command, balance)]);
}

/** Never more than is available, with its fee. */
export function withdraw(
  command: Move,
  state: Account | undefined,
  tariff?: Tariff,
): Decision<readonly AccountEvent[]> {
  const found = visible(state, command.by);
  if (found === undefined) return refuse("not_found");
  const { when, amount } = command;
  const { account, expired } = settled(found, when.now);
  const fee = feeOn(tariff, "withdrawal", amount);
  const refusal = refusesDebit(account, amount, fee);
  if (refusal !== undefined) return refuse(refusal);
  const hit = refusesSpending(account, { channel: "withdrawal", amount, when });
  if (hit !== undefined) return hit;
  const day = dayToCount(account.used, when.day);
  const balance = account.balance - amount.minor;
  const data = { ...posted(command, "debit", balance), day };
  const withdrawn = { type: "MoneyWithdrawn", data } as const;
  return accept([...expired, withdrawn, ...charged(fee, "withdrawal", command, balance)]);
}

function charged(
  fee: bigint,
  on: "deposit" | "withdrawal",
  { feeId, transactionId, amount: { currency } }: Move,
  balance: bigint,
) {
  return chargeOf(fee, { feeId, transactionId, on, currency, balance });
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
export function close(
  { by, when }: { by: By; when: When },
  state: Account | undefined,
): Decision<readonly AccountEvent[]> {
  const found = visible(state, by);
  if (found === undefined) return refuse("not_found");
  const { account, expired } = settled(found, when.now);
  if (account.status === "closed") return refuse("account_closed");
  if (account.status === "frozen") return refuse("account_frozen");
  const isEmpty = account.balance === 0n && account.holds === undefined;
  if (!isEmpty) return refuse("account_not_empty");
  return accept([...expired, { type: "AccountClosed", data: {} }]);
}

/**
 * What may be spent: the balance, less what is held, and the overdraft. At a moment, holds that are
 * over by then count no more.
 */
export function available({ balance, holds, limits }: Account, now?: string): bigint {
  const overdraft = limits?.overdraft === undefined ? 0n : minorUnits(limits.overdraft);
  return balance - heldBy(holds, now) + overdraft;
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

/** Why an account, with no hold in it that is over, cannot take a debit and its fee. */
export function refusesDebit(account: Account, amount: Money, fee = 0n): Refusal | undefined {
  if (account.status === "closed") return "account_closed";
  if (account.status === "frozen") return "account_frozen";
  if (account.currency !== amount.currency) return "currency_mismatch";
  return available(account) < amount.minor + fee ? "insufficient_funds" : undefined;
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

// Refusals in the order in which they are looked for.
// A transfer: not_found (either side), same_account, then the payer's account_closed,
// account_frozen, currency_mismatch, then the receiver's account_closed, currency_mismatch, then
// insufficient_funds (of amount and fee), limit_exceeded. Limits of the payer are asked last.
// A reversal: not_found, not_reversible, already_reversed, then as a transfer.
import { posted, refusesCredit, refusesDebit, visible } from "../account/decide.ts";
import type {
  ReversalReceived,
  ReversalSent,
  TransferReceived,
  TransferSent,
} from "../account/events.ts";
import { type Account, settled } from "../account/state.ts";
import { accept, type By, type Decision, type Refusal, refuse, type When } from "../decision.ts";
import type { HoldExpired } from "../hold/events.ts";
import { dayToCount, refusesSpending } from "../limits/check.ts";
import { type Money, minorUnits } from "../money.ts";
import type { FeeCharged } from "../tariff/events.ts";
import { chargeOf, feeOn } from "../tariff/fee.ts";
import type { Tariff } from "../tariff/state.ts";
import type { TransferReversed } from "./events.ts";
import type { ReversedTransfer } from "./state.ts";

/**
 * Money from one account to another; `debitId` and `creditId` are the legs' transaction ids, and
 * `feeId` that of the fee, if there is one.
 */
export interface Transfer {
  readonly by: By;
  readonly when: When;
  readonly transferId: string;
  readonly debitId: string;
  readonly creditId: string;
  readonly feeId: string;
  readonly fromAccountId: string;
  readonly toAccountId: string;
  readonly amount: Money;
  readonly reference?: string;
}

/** The two legs of a transfer: for the payer's stream and for the receiver's. */
export interface TransferFacts {
  /** For the payer's stream, before its leg: holds that are over. */
  readonly expired: readonly HoldExpired[];
  readonly sent: TransferSent;
  readonly received: TransferReceived;
  /** For the payer's stream, after its leg. */
  readonly fee: readonly FeeCharged[];
}

/**
 * Decides on both legs at once; `by` says whose money may go, it may go to anybody. The tariff is
 * that of the payer's ledger.
 */
export function transfer(
  command: Transfer,
  from: Account | undefined,
  to: Account | undefined,
  tariff?: Tariff,
): Decision<TransferFacts> {
  const found = visible(from, command.by);
  if (found === undefined || to === undefined) return refuse("not_found");
  const { fromAccountId, toAccountId, amount, when } = command;
  if (fromAccountId === toAccountId) return refuse("same_account");
  const { account: payer, expired } = settled(found, when.now);
  const fee = feeOn(tariff, "transfer", amount);
  const refusal = refusesMove(payer, to, amount, fee);
  if (refusal !== undefined) return refuse(refusal);
  const hit = refusesSpending(payer, { channel: "transfer", amount, when });
  if (hit !== undefined) return hit;
  const day = dayToCount(payer.used, when.day);
  const legs = legsOf(command, payer, to);
  const parties = { transferId: command.transferId, fromAccountId, toAccountId };
  return accept({
    expired,
    sent: {
      type: "TransferSent",
      data: { ...legs.debit, ...parties, counterpartyAccountId: toAccountId, day },
    },
    received: {
      type: "TransferReceived",
      data: { ...legs.credit, ...parties, counterpartyAccountId: fromAccountId },
    },
    fee: chargeOf(fee, {
      ...{ feeId: command.feeId, transactionId: command.debitId, on: "transfer" },
      ...{ currency: amount.currency, balance: payer.balance - amount.minor },
    }),
  });
}

/** Money back; `reversalId` is a transfer id of its own. */
export interface Reverse {
  readonly when: When;
  readonly reversalId: string;
  readonly debitId: string;
  readonly creditId: string;
  readonly reason: string;
}

/** What a reversal makes: two legs, and the mark on the transfer that it cannot happen again. */
export interface ReversalFacts {
  /** For the stream of the account that pays back, before its leg. */
  readonly expired: readonly HoldExpired[];
  readonly sent: ReversalSent;
  readonly received: ReversalReceived;
  readonly reversed: TransferReversed;
}

/**
 * Decides on giving the money of a transfer back; limits do not count it. `original` is the
 * transfer's debit event, `mark` its own stream; the original receiver pays.
 */
export function reverse(
  command: Reverse,
  original: TransferSent | ReversalSent | undefined,
  mark: ReversedTransfer | undefined,
  receiver: Account | undefined,
  sender: Account | undefined,
): Decision<ReversalFacts> {
  if (original === undefined) return refuse("not_found");
  if (original.type === "ReversalSent") return refuse("not_reversible");
  if (mark !== undefined) return refuse("already_reversed");
  if (receiver === undefined || sender === undefined) return refuse("not_found");
  const { amount: text, transferId, fromAccountId, toAccountId } = original.data;
  const amount = { minor: minorUnits(text), currency: text.currency };
  const { account: payer, expired } = settled(receiver, command.when.now);
  const refusal = refusesMove(payer, sender, amount);
  if (refusal !== undefined) return refuse(refusal);
  const { reversalId, reason } = command;
  const legs = legsOf({ ...command, amount }, payer, sender);
  const parties = {
    transferId: reversalId,
    reversesTransferId: transferId,
    fromAccountId: toAccountId,
    toAccountId: fromAccountId,
    reason,
  };
  return accept({
    expired,
    sent: {
      type: "ReversalSent",
      data: { ...legs.debit, ...parties, counterpartyAccountId: fromAccountId },
    },
    received: {
      type: "ReversalReceived",
      data: { ...legs.credit, ...parties, counterpartyAccountId: toAccountId },
    },
    reversed: {
      type: "TransferReversed",
      data: { transferId, reversalId, fromAccountId, toAccountId, amount: text, reason },
    },
  });
}

function refusesMove(
  payer: Account,
  receiver: Account,
  amount: Money,
  fee = 0n,
): Refusal | undefined {
  const [debit, credit] = [refusesDebit(payer, amount, fee), refusesCredit(receiver, amount)];
  const isCovered = debit !== "insufficient_funds";
  if (isCovered || credit === "limit_exceeded") return debit ?? credit;
  // That the money is not there is said once everything about the accounts is in order.
  return credit ?? debit;
}

interface Legs {
  readonly debitId: string;
  readonly creditId: string;
  readonly amount: Money;
  readonly reference?: string;
}

function legsOf(command: Legs, payer: Account, receiver: Account) {
  const { amount, reference, debitId, creditId } = command;
  const common = { amount, ...(reference !== undefined && { reference }) };
  return {
    debit: posted({ ...common, transactionId: debitId }, "debit", payer.balance - amount.minor),
    credit: posted(
      { ...common, transactionId: creditId },
      "credit",
      receiver.balance + amount.minor,
    ),
  };
}

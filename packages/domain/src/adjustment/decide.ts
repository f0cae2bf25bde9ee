// Refusals in the order in which they are looked for.
// Proposing: not_found, account_closed, currency_mismatch, already_reversed (the transfer that the
// posting is a leg of), already_corrected, too_many_proposals.
// Rejecting: not_found, proposal_closed, self_approval.
// Approving: as rejecting, and self_approval of a credit to one's own account, already_corrected,
// then of the account account_closed, account_frozen (a debit), insufficient_funds
// (a debit), limit_exceeded (a credit beyond what a balance may be).
import { posted, refusesCredit, refusesDebit, visible } from "../account/decide.ts";
import { type Account, settled } from "../account/state.ts";
import { accept, type By, type Decision, refuse, type When } from "../decision.ts";
import { type Judge, judged, refusesProposal } from "../four-eyes.ts";
import type { HoldExpired } from "../hold/events.ts";
import { type Money, minorUnits, moneyText } from "../money.ts";
import type { AdjustmentEvent, AdjustmentProposed, Corrected } from "./events.ts";

export interface ProposeAdjustment {
  readonly by: By;
  readonly when: When;
  readonly proposalId: string;
  readonly direction: "credit" | "debit";
  /** Above zero. */
  readonly amount: Money;
  readonly reason: string;
  readonly reference?: string;
  /** The caller has made sure that it is a posting of this account. */
  readonly corrects: Corrected;
  /** Whether it is a leg of a transfer that was given back as a whole. */
  readonly isReversed: boolean;
  readonly proposedBy: string;
}

/**
 * Moves nothing yet: another person has to approve it. Of a posting only one waits or was approved.
 */
export function proposeAdjustment(
  command: ProposeAdjustment,
  state: Account | undefined,
): Decision<AdjustmentProposed> {
  const account = visible(state, command.by);
  if (account === undefined) return refuse("not_found");
  if (account.status === "closed") return refuse("account_closed");
  const { proposalId, direction, amount, reason, reference, corrects, proposedBy } = command;
  if (amount.currency !== account.currency) return refuse("currency_mismatch");
  if (command.isReversed) return refuse("already_reversed");
  const isTaken = isCorrected(account, corrects) || isWaiting(account, corrects);
  if (isTaken) return refuse("already_corrected");
  const refusal = refusesProposal(account.proposals);
  if (refusal !== undefined) return refuse(refusal);
  const adjustment = {
    direction,
    amount: moneyText(amount.minor, amount.currency),
    reason,
    ...(reference !== undefined && { reference }),
    corrects,
  };
  const data = { proposalId, adjustment, proposedBy, proposedAt: command.when.now };
  return accept({ type: "AdjustmentProposed", data });
}

function isCorrected({ corrected = [] }: Account, { version }: Corrected): boolean {
  return corrected.includes(version);
}

function isWaiting({ proposals = {} }: Account, { version }: Corrected): boolean {
  return Object.values(proposals).some((proposal) => {
    return "adjustment" in proposal && proposal.adjustment.corrects.version === version;
  });
}

/** `transactionId` is that of the posting, if there will be one. */
export interface JudgeAdjustment extends Judge {
  readonly transactionId: string;
}

/** The verdict, and after an approval the posting; limits do not count it, as it is the bank's. */
export function judgeAdjustment(
  command: JudgeAdjustment,
  state: Account | undefined,
): Decision<readonly (AdjustmentEvent | HoldExpired)[]> {
  if (state === undefined) return refuse("not_found");
  const decision = judged(state.proposals, command);
  if (decision.kind === "refused") return decision;
  const data = decision.facts;
  if (!("adjustment" in data)) return refuse("proposal_closed");
  if (command.verdict === "reject") return accept([{ type: "AdjustmentRejected", data }]);
  const { account, expired } = settled(state, command.when.now);
  const { direction, amount: text, reason, reference, corrects } = data.adjustment;
  const isOwn = direction === "credit" && account.ownerId === command.decidedBy;
  if (isOwn) return refuse("self_approval");
  if (isCorrected(account, corrects)) return refuse("already_corrected");
  const amount = { minor: minorUnits(text), currency: text.currency };
  const refuses = direction === "credit" ? refusesCredit : refusesDebit;
  const refusal = refuses(account, amount);
  if (refusal !== undefined) return refuse(refusal);
  const { transactionId } = command;
  const signed = direction === "credit" ? amount.minor : -amount.minor;
  const money = { transactionId, amount, ...(reference !== undefined && { reference }) };
  const posting = posted(money, direction, account.balance + signed);
  const { proposalId } = data;
  return accept([
    ...expired,
    { type: "AdjustmentApproved", data },
    { type: "MoneyAdjusted", data: { ...posting, proposalId, reason, corrects } },
  ]);
}

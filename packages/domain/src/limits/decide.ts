// Refusals in the order in which they are looked for.
// Proposing: not_found, account_closed, currency_mismatch, too_many_proposals.
// Approving, rejecting: not_found, proposal_closed, self_approval.
import { visible } from "../account/decide.ts";
import type { Account } from "../account/state.ts";
import { accept, type By, type Decision, refuse, type When } from "../decision.ts";
import type { MoneyText } from "../money.ts";
import type { Limits, LimitsApproved, LimitsProposed, LimitsRejected } from "./events.ts";

/** How many proposals an account may have open at once. */
export const PROPOSALS_MAX = 20;

export interface ProposeLimits {
  readonly by: By;
  readonly when: When;
  readonly proposalId: string;
  /** Every amount is above zero and has the decimals of its currency. */
  readonly limits: Limits;
  readonly proposedBy: string;
}

/** Changes nothing yet: another person has to approve it. */
export function proposeLimits(
  command: ProposeLimits,
  state: Account | undefined,
): Decision<LimitsProposed> {
  const account = visible(state, command.by);
  if (account === undefined) return refuse("not_found");
  if (account.status === "closed") return refuse("account_closed");
  const { proposalId, limits, proposedBy, when } = command;
  const isOurs = ({ currency }: MoneyText) => currency === account.currency;
  if (!amountsOf(limits).every(isOurs)) return refuse("currency_mismatch");
  const open = Object.keys(account.proposals ?? {}).length;
  if (open >= PROPOSALS_MAX) return refuse("too_many_proposals");
  const data = { proposalId, limits, proposedBy, proposedAt: when.now };
  return accept({ type: "LimitsProposed", data });
}

function amountsOf({ channels = {}, ...own }: Limits): MoneyText[] {
  return [own, ...Object.values(channels)].flatMap((caps) => Object.values(caps) as MoneyText[]);
}

export interface JudgeLimits {
  readonly when: When;
  readonly proposalId: string;
  readonly verdict: "approve" | "reject";
  readonly decidedBy: string;
}

/** Four eyes: nobody decides on what they proposed themselves, whatever roles they have. */
export function judgeLimits(
  { when, proposalId, verdict, decidedBy }: JudgeLimits,
  account: Account | undefined,
): Decision<LimitsApproved | LimitsRejected> {
  if (account === undefined) return refuse("not_found");
  const { proposals = {} } = account;
  const proposal = Object.hasOwn(proposals, proposalId) ? proposals[proposalId] : undefined;
  if (proposal === undefined) return refuse("proposal_closed");
  if (proposal.proposedBy === decidedBy) return refuse("self_approval");
  const data = { proposalId, ...proposal, decidedBy, decidedAt: when.now };
  return accept({ type: verdict === "approve" ? "LimitsApproved" : "LimitsRejected", data });
}

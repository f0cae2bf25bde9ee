// Refusals in the order in which they are looked for.
// Proposing: not_found, account_closed, currency_mismatch, too_many_proposals.
// Approving, rejecting: not_found, proposal_closed, self_approval.
import { visible } from "../account/decide.ts";
import type { Account } from "../account/state.ts";
import { accept, type By, type Decision, refuse, type When } from "../decision.ts";
import { type Judge, judged, refusesProposal } from "../four-eyes.ts";
import type { MoneyText } from "../money.ts";
import type { Limits, LimitsApproved, LimitsProposed, LimitsRejected } from "./events.ts";

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
  const refusal = refusesProposal(account.proposals);
  if (refusal !== undefined) return refuse(refusal);
  const data = { proposalId, limits, proposedBy, proposedAt: when.now };
  return accept({ type: "LimitsProposed", data });
}

function amountsOf({ channels = {}, ...own }: Limits): MoneyText[] {
  return [own, ...Object.values(channels)].flatMap((caps) => Object.values(caps) as MoneyText[]);
}

/** An approval puts the limits into force. */
export function judgeLimits(
  command: Judge,
  account: Account | undefined,
): Decision<LimitsApproved | LimitsRejected> {
  if (account === undefined) return refuse("not_found");
  const decision = judged(account.proposals, command);
  if (decision.kind === "refused") return decision;
  const data = decision.facts;
  if (!("limits" in data)) return refuse("proposal_closed");
  return accept({
    type: command.verdict === "approve" ? "LimitsApproved" : "LimitsRejected",
    data,
  });
}

// Refusals in the order in which they are looked for.
// Proposing: too_many_proposals. Approving, rejecting: proposal_closed, self_approval.
import { accept, type Decision, refuse, type When } from "../decision.ts";
import { type Judge, judged, refusesProposal } from "../four-eyes.ts";
import type {
  InterestMonthClosed,
  TariffApproved,
  TariffProposed,
  TariffRejected,
  TariffTable,
} from "./events.ts";
import type { Tariff } from "./state.ts";

export interface ProposeTariff {
  readonly when: When;
  readonly proposalId: string;
  /** One rule at most a kind and currency; amounts have the decimals of their rule's currency. */
  readonly tariff: TariffTable;
  readonly proposedBy: string;
}

/** Changes nothing yet: another person has to approve it. */
export function proposeTariff(
  { when, proposalId, tariff, proposedBy }: ProposeTariff,
  state: Tariff | undefined,
): Decision<TariffProposed> {
  const refusal = refusesProposal(state?.proposals);
  if (refusal !== undefined) return refuse(refusal);
  const data = { proposalId, tariff, proposedBy, proposedAt: when.now };
  return accept({ type: "TariffProposed", data });
}

export function judgeTariff(
  command: Judge,
  state: Tariff | undefined,
): Decision<TariffApproved | TariffRejected> {
  const decision = judged(state?.proposals, command);
  if (decision.kind === "refused") return decision;
  const data = decision.facts;
  if (command.verdict === "reject") return accept({ type: "TariffRejected", data });
  return accept({ type: "TariffApproved", data: { ...data, day: command.when.day } });
}

/** Says that the interest of a month was posted; nothing where that was said before. */
export function closeInterestMonth(
  month: string,
  state: Tariff | undefined,
): readonly InterestMonthClosed[] {
  const isDone = state?.closedMonth !== undefined && state.closedMonth >= month;
  return isDone ? [] : [{ type: "InterestMonthClosed", data: { month } }];
}

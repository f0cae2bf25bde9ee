// Refusals in the order in which they are looked for.
// Proposing: too_many_proposals. Approving, rejecting: proposal_closed, self_approval.
import { accept, type Decision, type Refusal, refuse, type When } from "./decision.ts";

/** How many proposals one stream may have open at once. */
export const PROPOSALS_MAX = 20;

/** Who proposed something, and when. */
export interface Proposing {
  readonly proposedBy: string;
  readonly proposedAt: string;
}

/** What waits for another person, by the ids of the proposals; undefined where nothing does. */
export type Open<Thing> = Readonly<Record<string, Thing & Proposing>> | undefined;

/** The word of the other person. */
export interface Judge {
  readonly when: When;
  readonly proposalId: string;
  readonly verdict: "approve" | "reject";
  readonly decidedBy: string;
}

/** Why nothing more can be proposed. */
export function refusesProposal(open: Open<unknown>): Refusal | undefined {
  return Object.keys(open ?? {}).length >= PROPOSALS_MAX ? "too_many_proposals" : undefined;
}

/**
 * What was proposed, with who decided on it. Four eyes: nobody decides on what they proposed
 * themselves, whatever roles they have.
 */
export function judged<Thing>(
  open: Open<Thing>,
  { when, proposalId, decidedBy }: Judge,
): Decision<Judged<Thing>> {
  const isOpen = open !== undefined && Object.hasOwn(open, proposalId);
  const proposal = isOpen ? open[proposalId] : undefined;
  if (proposal === undefined) return refuse("proposal_closed");
  if (proposal.proposedBy === decidedBy) return refuse("self_approval");
  return accept({ proposalId, ...proposal, decidedBy, decidedAt: when.now });
}

type Judged<Thing> = Thing &
  Proposing & {
    readonly proposalId: string;
    readonly decidedBy: string;
    readonly decidedAt: string;
  };

/** What waits once something more does. */
export function withOpen<Thing>(
  open: Open<Thing>,
  { proposalId, ...proposal }: Thing & Proposing & { readonly proposalId: string },
): Open<Thing> {
  return { ...open, [proposalId]: proposal as unknown as Thing & Proposing };
}

/** What waits once something was decided on. */
export function withoutOpen<Thing>(open: Open<Thing>, proposalId: string): Open<Thing> {
  const { [proposalId]: _, ...others } = open ?? {};
  return Object.keys(others).length === 0 ? undefined : others;
}

import type { Proposal } from "@countinghouse/contracts";
import type { Selectable } from "kysely";
import type { Tx } from "../../tables.ts";
import type { ProposalsTable } from "./table.ts";

type ProposalRow = Selectable<ProposalsTable>;

/** Proposals of a status or of all, newest first, those before `before`. */
export function listProposals(
  tx: Tx,
  status: string | undefined,
  before: string | undefined,
  limit: number,
): Promise<ProposalRow[]> {
  let query = tx.selectFrom("proposals").selectAll().orderBy("proposal_id", "desc").limit(limit);
  if (status !== undefined) query = query.where("status", "=", status);
  if (before !== undefined) query = query.where("proposal_id", "<", before);
  return query.execute();
}

export function showProposal(row: ProposalRow): Proposal {
  return {
    proposalId: row.proposal_id,
    accountId: row.account_id,
    kind: row.kind as Proposal["kind"],
    [row.kind]: JSON.parse(row.details),
    status: row.status as Proposal["status"],
    proposedBy: row.proposed_by,
    proposedAt: row.proposed_at.toISOString(),
    ...(row.decided_by !== null && { decidedBy: row.decided_by }),
    ...(row.decided_at !== null && { decidedAt: row.decided_at.toISOString() }),
  };
}

import { type Kysely, sql } from "kysely";

/**
 * Limits are not all that is proposed: corrections of postings and tariffs are found by the ids of
 * their proposals, too. The indexes are made again with the types that have come since.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of [ORIGINS, PROPOSALS]) await sql.raw(statement).execute(db);
}

const ORIGINS = `
DROP INDEX ledger.events_origin;
CREATE UNIQUE INDEX events_origin ON ledger.events
  (ledger_id, coalesce(data ->> 'holdId', data ->> 'cardId', data ->> 'proposalId'))
  WHERE type IN ('HoldPlaced', 'CardRegistered', 'LimitsProposed', 'AdjustmentProposed',
                 'TariffProposed');
`;

const PROPOSALS = `
DROP INDEX ledger.events_proposals;
CREATE INDEX events_proposals ON ledger.events (ledger_id, position)
  WHERE type IN ('LimitsProposed', 'LimitsApproved', 'LimitsRejected', 'AdjustmentProposed',
                 'AdjustmentApproved', 'AdjustmentRejected');
`;

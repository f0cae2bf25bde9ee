import { type Kysely, sql } from "kysely";

/**
 * Holds, cards and proposals are found by their ids, holds by the time when they are over, and the
 * latest proposals by their place. All of it is in the log already; these are the ways to it. Plain
 * postings are in none of them.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of [ORIGINS, EXPIRIES, PROPOSALS]) await sql.raw(statement).execute(db);
}

const ORIGINS = `
CREATE UNIQUE INDEX events_origin ON ledger.events
  (ledger_id, coalesce(data ->> 'holdId', data ->> 'cardId', data ->> 'proposalId'))
  WHERE type IN ('HoldPlaced', 'CardRegistered', 'LimitsProposed');
`;

const EXPIRIES = `
CREATE INDEX events_expiry ON ledger.events ((data ->> 'expiresAt'))
  WHERE type = 'HoldPlaced' AND data ->> 'expiresAt' IS NOT NULL;
`;

const PROPOSALS = `
CREATE INDEX events_proposals ON ledger.events (ledger_id, position)
  WHERE type IN ('LimitsProposed', 'LimitsApproved', 'LimitsRejected');
`;

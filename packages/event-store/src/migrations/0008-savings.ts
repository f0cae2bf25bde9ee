import { type Kysely, sql } from "kysely";

/** The way to the accounts that bear interest: a row when one is opened, and no other work. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql.raw(SAVINGS).execute(db);
}

const SAVINGS = `
CREATE INDEX events_savings ON ledger.events (ledger_id, stream_id)
  WHERE type = 'AccountOpened' AND data ->> 'accountType' = 'savings';
`;

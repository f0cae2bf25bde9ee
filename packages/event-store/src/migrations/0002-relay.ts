import { type Kysely, sql } from "kysely";

/** What the relay remembers: how far each partition of a topic is published, and who publishes. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of [TABLES, GRANTS]) await sql.raw(statement).execute(db);
}

const TABLES = `
-- Only its last column changes, so updates stay in the page (HOT).
CREATE TABLE ledger.relay_cursors (
  topic     text NOT NULL,
  ledger_id int NOT NULL,
  partition int NOT NULL,
  position  bigint NOT NULL,
  PRIMARY KEY (topic, ledger_id, partition)
) WITH (fillfactor = 50);

-- The epoch grows with every new holder: whoever has an older one moves no cursor any more.
CREATE TABLE ledger.relay_lease (
  name       text PRIMARY KEY,
  epoch      bigint NOT NULL,
  expires_at timestamptz NOT NULL
) WITH (fillfactor = 50);
`;

const GRANTS = `
GRANT SELECT, INSERT, UPDATE ON ledger.relay_cursors, ledger.relay_lease TO countinghouse_relay;
`;

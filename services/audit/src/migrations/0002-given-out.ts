import { type Kysely, sql } from "kysely";

/** How far the checkpoints of each ledger are in a topic, and what witnesses have signed. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql
    .raw(`
CREATE TABLE audit.checkpoint_cursors (
  ledger int NOT NULL,
  topic  text NOT NULL,
  size   bigint NOT NULL,
  PRIMARY KEY (ledger, topic)
) WITH (fillfactor = 10);

-- A line of signature each, by the name and id of the witness's key.
CREATE TABLE audit.cosignatures (
  ledger  int NOT NULL,
  size    bigint NOT NULL,
  witness text NOT NULL,
  line    text NOT NULL,
  PRIMARY KEY (ledger, witness, size)
);
CREATE TRIGGER immutable BEFORE UPDATE OR DELETE OR TRUNCATE ON audit.cosignatures
  FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse_change();

GRANT SELECT, INSERT ON audit.checkpoint_cursors, audit.cosignatures TO countinghouse_audit;
GRANT UPDATE (size) ON audit.checkpoint_cursors TO countinghouse_audit;
`)
    .execute(db);
}

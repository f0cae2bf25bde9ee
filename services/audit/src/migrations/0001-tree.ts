import { type Kysely, sql } from "kysely";

/** The Merkle trees of the ledgers, in the pieces that never change again, and what was signed. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of [TABLES, WALLS, GRANTS]) await sql.raw(statement).execute(db);
}

/**
 * Hashes do not get smaller and bundles are compressed already, so nothing is compressed here.
 */
const TABLES = `
CREATE SCHEMA audit;

CREATE TABLE audit.trees (
  ledger int PRIMARY KEY,
  size   bigint NOT NULL,
  root   bytea NOT NULL
) WITH (fillfactor = 10);

-- Full tiles only: what is unfinished follows from the tail and from the roots of full tiles.
CREATE TABLE audit.tiles (
  ledger int NOT NULL,
  level  int NOT NULL,
  index  bigint NOT NULL,
  hashes bytea NOT NULL CHECK (octet_length(hashes) = 8192),
  root   bytea NOT NULL CHECK (octet_length(root) = 32),
  PRIMARY KEY (ledger, level, index)
);
ALTER TABLE audit.tiles ALTER COLUMN hashes SET STORAGE EXTERNAL;

-- Full bundles of entries, each a zstd frame (RFC 8878).
CREATE TABLE audit.bundles (
  ledger int NOT NULL,
  index  bigint NOT NULL,
  bytes  bytea NOT NULL,
  PRIMARY KEY (ledger, index)
);
ALTER TABLE audit.bundles ALTER COLUMN bytes SET STORAGE EXTERNAL;

-- Entries that no bundle holds yet, fewer than 256 a ledger.
CREATE TABLE audit.tail (
  ledger   int NOT NULL,
  position bigint NOT NULL,
  entry    bytea NOT NULL,
  PRIMARY KEY (ledger, position)
);

CREATE TABLE audit.checkpoints (
  ledger    int NOT NULL,
  size      bigint NOT NULL,
  note      text NOT NULL,
  signed_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (ledger, size)
);
`;

/** What was sealed stays: even the owner has to take a trigger down before it can change. */
const WALLS = `
CREATE FUNCTION audit.refuse_change() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RAISE EXCEPTION 'what is sealed does not change' USING ERRCODE = 'CH005';
END $$;

${["tiles", "bundles", "checkpoints"]
  .map(
    (table) => `
CREATE TRIGGER immutable BEFORE UPDATE OR DELETE OR TRUNCATE ON audit.${table}
  FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse_change();`,
  )
  .join("\n")}

CREATE FUNCTION audit.only_grow() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF NEW.ledger <> OLD.ledger OR NEW.size <= OLD.size THEN
    RAISE EXCEPTION 'a tree only grows' USING ERRCODE = 'CH005';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER only_grow BEFORE UPDATE ON audit.trees
  FOR EACH ROW EXECUTE FUNCTION audit.only_grow();
`;

const GRANTS = `
GRANT USAGE ON SCHEMA audit TO countinghouse_audit;
GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA audit TO countinghouse_audit;
GRANT UPDATE (size, root) ON audit.trees TO countinghouse_audit;
GRANT DELETE ON audit.tail TO countinghouse_audit;
`;

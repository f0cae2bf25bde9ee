import { type Kysely, sql } from "kysely";

/** Authenticators and recovery codes, and what the service role may do with them. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql.raw(TABLES).execute(db);
  await sql.raw(GRANTS).execute(db);
}

const TABLES = `
CREATE TABLE auth.totp (
  user_id    uuid PRIMARY KEY REFERENCES auth.users,
  secret     bytea,
  next       bytea,
  used_steps bigint[] NOT NULL DEFAULT '{}',
  CHECK (secret IS NOT NULL OR next IS NOT NULL)
);

CREATE TABLE auth.recovery_codes (
  user_id uuid NOT NULL REFERENCES auth.users,
  hash    bytea NOT NULL CHECK (octet_length(hash) = 32),
  PRIMARY KEY (user_id, hash)
);
`;

const GRANTS = `
GRANT SELECT, INSERT, DELETE, UPDATE (secret, next, used_steps) ON auth.totp TO countinghouse_auth;
GRANT SELECT, INSERT, DELETE ON auth.recovery_codes TO countinghouse_auth;
`;

import { type Kysely, sql } from "kysely";

/** The keys of access tokens: what is needed to make them of the secret, which is not here. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql.raw(TABLE).execute(db);
  await sql.raw(GRANTS).execute(db);
}

/** One key signs at any time. */
const TABLE = `
CREATE TABLE auth.token_keys (
  kid        text PRIMARY KEY,
  algorithm  text NOT NULL CHECK (algorithm IN ('HS256', 'ES256', 'EdDSA')),
  salt       bytea NOT NULL CHECK (octet_length(salt) = 32),
  public_key text,
  made_at    timestamptz NOT NULL DEFAULT now(),
  signs_from timestamptz,
  retired_at timestamptz CHECK (retired_at >= signs_from),
  revoked_at timestamptz,
  CHECK ((public_key IS NULL) = (algorithm = 'HS256'))
);
CREATE UNIQUE INDEX token_keys_signing ON auth.token_keys ((true))
  WHERE signs_from IS NOT NULL AND retired_at IS NULL;
`;

const GRANTS = `
GRANT SELECT, INSERT, UPDATE (signs_from, retired_at, revoked_at)
  ON auth.token_keys TO countinghouse_auth;
`;

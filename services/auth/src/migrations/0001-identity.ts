import { type Kysely, sql } from "kysely";

/** Users, their sessions and refresh tokens, and what the service role may do with them. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql.raw(TABLES).execute(db);
  await sql.raw(GRANTS).execute(db);
}

const TABLES = `
CREATE SCHEMA auth;

CREATE TABLE auth.users (
  id            uuid PRIMARY KEY,
  email         text NOT NULL,
  email_key     text NOT NULL UNIQUE,
  full_name     text NOT NULL,
  password_hash text NOT NULL,
  roles         text[] NOT NULL CHECK (
    cardinality(roles) > 0
    AND roles <@ ARRAY['customer', 'teller', 'auditor', 'fraud_analyst', 'admin']
  ),
  status        text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'disabled')),
  created_at    timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX users_admins ON auth.users (id) WHERE 'admin' = ANY (roles);

CREATE TABLE auth.sessions (
  id           uuid PRIMARY KEY,
  user_id      uuid NOT NULL REFERENCES auth.users,
  user_agent   text,
  created_at   timestamptz NOT NULL DEFAULT now(),
  last_used_at timestamptz NOT NULL DEFAULT now(),
  expires_at   timestamptz NOT NULL,
  revoked_at   timestamptz
);
CREATE INDEX sessions_live ON auth.sessions (user_id, id) WHERE revoked_at IS NULL;
CREATE INDEX sessions_expiry ON auth.sessions (user_id, expires_at);

CREATE TABLE auth.refresh_tokens (
  hash       bytea PRIMARY KEY CHECK (octet_length(hash) = 32),
  session_id uuid NOT NULL REFERENCES auth.sessions ON DELETE CASCADE,
  used_at    timestamptz
);
CREATE INDEX refresh_tokens_of_session ON auth.refresh_tokens (session_id);
`;

/** Only what changes may be changed: no service password renames a user or moves a session. */
const GRANTS = `
GRANT USAGE ON SCHEMA auth TO countinghouse_auth;
GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA auth TO countinghouse_auth;
GRANT UPDATE (password_hash, roles, status) ON auth.users TO countinghouse_auth;
GRANT UPDATE (last_used_at, revoked_at), DELETE ON auth.sessions TO countinghouse_auth;
GRANT UPDATE (used_at) ON auth.refresh_tokens TO countinghouse_auth;
`;

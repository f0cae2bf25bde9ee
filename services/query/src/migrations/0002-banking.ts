import type { ReadMigration } from "./read-migration.ts";

/** Holds, limits, proposals and cards; what they make of an account is in its row. */
export const banking: ReadMigration = (schema) => {
  return [ofAccounts, tables, grants, walls].map((part) => part(schema));
};

const ofAccounts = (schema: string) => `
ALTER TABLE ${schema}.accounts
  ADD COLUMN held_minor       numeric(24, 0) NOT NULL DEFAULT 0,
  ADD COLUMN limits           text,
  ADD COLUMN overdraft_minor  numeric(24, 0) NOT NULL DEFAULT 0,
  ADD COLUMN used_day         text,
  ADD COLUMN used_today_minor numeric(24, 0) NOT NULL DEFAULT 0,
  ADD COLUMN used_month_minor numeric(24, 0) NOT NULL DEFAULT 0;
`;

const tables = (schema: string) => `
CREATE TABLE ${schema}.holds (
  hold_id       uuid PRIMARY KEY,
  account_id    uuid NOT NULL,
  owner_id      uuid NOT NULL,
  currency      text NOT NULL,
  amount_minor  numeric(24, 0) NOT NULL,
  captured_minor numeric(24, 0) NOT NULL,
  status        text NOT NULL,
  placed_on     text NOT NULL,
  expires_at    timestamptz,
  card_id       uuid,
  reference     text
) WITH (fillfactor = 80);
CREATE INDEX holds_of_account ON ${schema}.holds (account_id, hold_id);
CREATE INDEX holds_with_an_end ON ${schema}.holds (account_id, expires_at)
  WHERE status = 'active' AND expires_at IS NOT NULL;

CREATE TABLE ${schema}.proposals (
  proposal_id   uuid PRIMARY KEY,
  account_id    uuid NOT NULL,
  limits        text NOT NULL,
  status        text NOT NULL,
  proposed_by   uuid NOT NULL,
  proposed_at   timestamptz NOT NULL,
  decided_by    uuid,
  decided_at    timestamptz
);
CREATE INDEX proposals_of_status ON ${schema}.proposals (status, proposal_id);

CREATE TABLE ${schema}.cards (
  card_id       uuid PRIMARY KEY,
  account_id    uuid NOT NULL,
  owner_id      uuid NOT NULL,
  last4         text NOT NULL,
  brand         text NOT NULL,
  expiry        text NOT NULL,
  status        text NOT NULL,
  version       int NOT NULL
) WITH (fillfactor = 80);
CREATE INDEX cards_of_owner ON ${schema}.cards (owner_id, card_id);
`;

const TABLES = ["holds", "proposals", "cards"];

const grants = (schema: string) => {
  return TABLES.map((table) => {
    return `
GRANT SELECT ON ${schema}.${table} TO countinghouse_query, countinghouse_projector;
GRANT INSERT, UPDATE ON ${schema}.${table} TO countinghouse_projector;`;
  }).join("\n");
};

/** Proposals are for those who decide on them; they have no owner. */
const walls = (schema: string) => {
  const isOwn = "owner_id = nullif(current_setting('app.subject', true), '')::uuid";
  return TABLES.map((table) => {
    return wall(`${schema}.${table}`, table === "proposals" ? "false" : isOwn);
  }).join("\n");
};

function wall(table: string, own: string): string {
  return `
ALTER TABLE ${table} ENABLE ROW LEVEL SECURITY;
ALTER TABLE ${table} FORCE ROW LEVEL SECURITY;
CREATE POLICY readers ON ${table} FOR SELECT TO countinghouse_query
  USING (current_setting('app.scope', true) = 'any' OR ${own});
CREATE POLICY projector ON ${table} TO countinghouse_projector
  USING (true) WITH CHECK (true);`;
}

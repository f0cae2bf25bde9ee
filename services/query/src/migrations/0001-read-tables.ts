import type { ReadMigration } from "./read-migration.ts";

/** The read tables, who may see which row, and who may write. */
export const readTables: ReadMigration = (schema) => {
  return [customerTables, generalLedger, following, grants, walls].map((part) => part(schema));
};

/**
 * Minor units are numeric: a balance may have 15 digits before the point and 4 after it (ISO 4217),
 * which is more than a bigint holds.
 * The owner stands in every row, so that the policy of a row needs no other table.
 */
const customerTables = (schema: string) => `
CREATE TABLE ${schema}.accounts (
  account_id    uuid PRIMARY KEY,
  owner_id      uuid NOT NULL,
  ledger        int NOT NULL,
  type          text NOT NULL,
  name          text,
  currency      text NOT NULL,
  status        text NOT NULL,
  balance_minor numeric(24, 0) NOT NULL,
  version       int NOT NULL,
  position      bigint NOT NULL,
  opened_at     timestamptz NOT NULL,
  updated_at    timestamptz NOT NULL
) WITH (fillfactor = 70);
CREATE INDEX accounts_of_owner ON ${schema}.accounts (owner_id, account_id);

CREATE TABLE ${schema}.entries (
  account_id    uuid NOT NULL,
  version       int NOT NULL,
  owner_id      uuid NOT NULL,
  transaction_id uuid NOT NULL,
  type          text NOT NULL,
  direction     text NOT NULL,
  amount_minor  numeric(24, 0) NOT NULL,
  balance_after_minor numeric(24, 0) NOT NULL,
  counterparty_account_id uuid,
  transfer_id   uuid,
  reference     text,
  recorded_at   timestamptz NOT NULL,
  PRIMARY KEY (account_id, version)
);
CREATE INDEX entries_in_time ON ${schema}.entries (account_id, recorded_at, version);
CREATE INDEX entries_of_type ON ${schema}.entries (account_id, type, recorded_at, version);

CREATE TABLE ${schema}.daily_balances (
  account_id    uuid NOT NULL,
  day           date NOT NULL,
  owner_id      uuid NOT NULL,
  closing_minor numeric(24, 0) NOT NULL,
  PRIMARY KEY (account_id, day)
);
`;

/** An entry of the journal names both its sides, so that it cannot be out of balance. */
const generalLedger = (schema: string) => `
CREATE TABLE ${schema}.journal (
  ledger         int NOT NULL,
  position       bigint NOT NULL,
  recorded_at    timestamptz NOT NULL,
  currency       text NOT NULL,
  debit_account  text NOT NULL,
  credit_account text NOT NULL,
  amount_minor   numeric(24, 0) NOT NULL CHECK (amount_minor > 0),
  PRIMARY KEY (ledger, position)
);
CREATE INDEX journal_in_time ON ${schema}.journal (recorded_at);

CREATE TABLE ${schema}.gl_daily (
  day        date NOT NULL,
  gl_account text NOT NULL,
  currency   text NOT NULL,
  debits_minor  numeric(38, 0) NOT NULL,
  credits_minor numeric(38, 0) NOT NULL,
  PRIMARY KEY (day, gl_account, currency)
) WITH (fillfactor = 50);
`;

const following = (schema: string) => `
-- How far a source (a ledger over HTTP, a partition of a topic) is applied.
CREATE TABLE ${schema}.cursors (
  source      text PRIMARY KEY,
  position    bigint NOT NULL,
  recorded_at timestamptz
) WITH (fillfactor = 10);

-- Accounts that wait for an operator: their next event cannot be applied.
CREATE TABLE ${schema}.parked_accounts (
  account_id uuid PRIMARY KEY,
  ledger     int NOT NULL,
  version    int NOT NULL,
  event_id   uuid NOT NULL,
  reason     text NOT NULL,
  parked_at  timestamptz NOT NULL DEFAULT now()
);
`;

const grants = (schema: string) => `
GRANT USAGE ON SCHEMA ${schema} TO countinghouse_query, countinghouse_projector;
GRANT SELECT ON ALL TABLES IN SCHEMA ${schema} TO countinghouse_query, countinghouse_projector;
GRANT INSERT, UPDATE ON ALL TABLES IN SCHEMA ${schema} TO countinghouse_projector;
GRANT DELETE ON ${schema}.parked_accounts TO countinghouse_projector;
`;

/** The second wall: without a subject or a scope in the transaction, a reader sees no row. */
function walls(schema: string): string {
  const isOwn = "owner_id = nullif(current_setting('app.subject', true), '')::uuid";
  return ["accounts", "entries", "daily_balances"]
    .map((table) => wall(`${schema}.${table}`, isOwn))
    .concat(["journal", "gl_daily"].map((table) => wall(`${schema}.${table}`, "false")))
    .join("\n");
}

function wall(table: string, own: string): string {
  return `
ALTER TABLE ${table} ENABLE ROW LEVEL SECURITY;
ALTER TABLE ${table} FORCE ROW LEVEL SECURITY;
CREATE POLICY readers ON ${table} FOR SELECT TO countinghouse_query
  USING (current_setting('app.scope', true) = 'any' OR ${own});
CREATE POLICY projector ON ${table} TO countinghouse_projector
  USING (true) WITH CHECK (true);`;
}

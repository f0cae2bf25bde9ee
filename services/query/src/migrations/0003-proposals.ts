import type { ReadMigration } from "./read-migration.ts";

/** Limits are not all that is proposed for an account. */
export const proposals: ReadMigration = (schema) => [
  `ALTER TABLE ${schema}.proposals RENAME COLUMN limits TO details`,
  `ALTER TABLE ${schema}.proposals ADD COLUMN kind text NOT NULL DEFAULT 'limits'`,
];

import { type Kysely, sql } from "kysely";
import { APPEND } from "./0003-append-plans.ts";

/**
 * The append function for what happened before there was a log, as when a bank is moved here or a
 * year is made up: at a time that is given, never before the last event of the ledger and never to
 * come. Nobody but the owner of the log may call it, and no service is that.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of [APPEND_AT, GRANTS]) await sql.raw(statement).execute(db);
}

const NOW = "date_trunc('milliseconds', clock_timestamp())";
const CHECK = `
  IF p_at > clock_timestamp() OR v_at > p_at THEN
    RAISE EXCEPTION 'not after the log and before now' USING ERRCODE = 'CH006';
  END IF;
`;

const APPEND_AT = APPEND.replace("ledger.append(", "ledger.append_at(")
  .replace("p_tokens text[]\n)", "p_tokens text[], p_at timestamptz\n)")
  .replaceAll(NOW, "p_at")
  .replace("\n  -- Of every stream", `${CHECK}\n  -- Of every stream`);

const GRANTS = "REVOKE ALL ON FUNCTION ledger.append_at FROM PUBLIC";

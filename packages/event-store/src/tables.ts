import type { ColumnType } from "kysely";

/** The tables of the log as readers see them; nobody but the append function writes. */
export interface Tables {
  "ledger.log_head": { ledger_id: number; name: string; position: string; recorded_at: Date };
  "ledger.events": {
    ledger_id: number;
    position: ColumnType<string, never, never>;
    event_id: string;
    stream_id: string;
    version: number;
    type: string;
    schema_version: number;
    data: unknown;
    meta: unknown;
    recorded_at: Date;
  };
  "ledger.streams": {
    ledger_id: number;
    stream_id: string;
    category: string;
    version: number;
    state: unknown;
    state_schema: number;
  };
  "ledger.idempotency": {
    scope: string;
    key: string;
    ledger_id: number;
    request: unknown;
    status: number;
    response: unknown;
    token: string;
    recorded_at: Date;
  };
}

import type { Generated, Kysely } from "kysely";

/** The database of this service; big integers come as text. */
export interface Tables {
  readonly trees: { readonly ledger: number; readonly size: string; readonly root: Buffer };
  readonly tiles: {
    readonly ledger: number;
    readonly level: number;
    readonly index: string;
    readonly hashes: Buffer;
    readonly root: Buffer;
  };
  readonly bundles: { readonly ledger: number; readonly index: string; readonly bytes: Buffer };
  readonly tail: { readonly ledger: number; readonly position: string; readonly entry: Buffer };
  readonly checkpoints: {
    readonly ledger: number;
    readonly size: string;
    readonly note: string;
    readonly signed_at: Generated<Date>;
  };
  readonly checkpoint_cursors: {
    readonly ledger: number;
    readonly topic: string;
    readonly size: string;
  };
  readonly cosignatures: {
    readonly ledger: number;
    readonly size: string;
    readonly witness: string;
    readonly line: string;
  };
}

export type Database = Kysely<Tables>;

/** The schema that the tables of `Tables` are in. */
export const AUDIT_SCHEMA = "audit";

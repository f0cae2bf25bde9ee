import type { LogReader } from "../log-reader.ts";
import type { TreeReader } from "../reading/tree-reader.ts";
import type { Ledgers } from "../sealing/ledgers.ts";
import type { TreeStore } from "../store/tree-store.ts";
import type { Cosignatures } from "../witnessing/cosignatures.ts";

/** What the routes of the audit need. */
export interface RouteDeps {
  readonly ledgers: Pick<Ledgers, "find">;
  readonly store: Pick<TreeStore, "entries" | "checkpoint">;
  readonly cosignatures: Pick<Cosignatures, "of">;
  readonly reader: TreeReader;
  readonly log: LogReader;
  /** The key that checkpoints of a ledger are verified with, as text. */
  readonly verifierKeyOf: (ledger: number) => string;
  readonly now: () => Date;
}

/** The ledger that is meant where none is named. */
export const FIRST_LEDGER = 1;

export const TEXT = { "content-type": "text/plain; charset=utf-8" } as const;

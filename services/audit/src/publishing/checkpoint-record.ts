import type { EventRecord } from "@countinghouse/bus";

/** A checkpoint that was signed and may be given to anybody. */
export interface SignedCheckpoint {
  readonly ledger: number;
  readonly size: number;
  readonly note: string;
  readonly signedAt: Date;
}

/** A checkpoint as a CloudEvents record: the note as it is, keyed by its origin. */
export function checkpointRecord({ ledger, size, note, signedAt }: SignedCheckpoint): EventRecord {
  const [origin = ""] = note.split("\n", 1);
  const headers = {
    "content-type": "text/plain",
    ce_specversion: "1.0",
    ce_id: String(size),
    ce_type: "CheckpointSigned",
    ce_source: `/countinghouse/ledgers/${ledger}`,
    ce_subject: origin,
    ce_time: signedAt.toISOString(),
    ce_ledger: String(ledger),
    ce_treesize: String(size),
  };
  return { key: origin, value: note, headers };
}

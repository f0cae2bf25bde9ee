import { type Checkpoint, parseHash, verifyConsistency } from "@countinghouse/transparency";
import type { Bank } from "./bank.ts";

/** Why a newer checkpoint does not go on from an older one, as a sentence; undefined if it does. */
export async function conflictOf(
  bank: Bank,
  older: Checkpoint,
  newer: Checkpoint,
): Promise<string | undefined> {
  const [from, to] = [older.size, newer.size];
  if (newer.origin !== older.origin) return `this is ${newer.origin}, not ${older.origin}.`;
  if (to < from)
    return `the log is rolled back: a checkpoint of ${to} events after one of ${from}.`;
  if (to === from) {
    const isSame = newer.root.equals(older.root);
    return isSame ? undefined : `two checkpoints of ${to} events have different roots: a fork.`;
  }
  const hashes = from === 0 ? [] : (await bank.consistency(from, to)).hashes.map(parseHash);
  if (verifyConsistency(older, newer, hashes)) return undefined;
  return `the log of ${to} events does not begin with the one of ${from} that was signed: a fork.`;
}

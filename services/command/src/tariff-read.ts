import { makeLedgerId } from "@countinghouse/domain";
import type { Read } from "./command.ts";

const reads = new Map<number, Read>();
const NOTHING = new Uint8Array(8);

/** The stream of a ledger's tariff: one for each, whose id nothing else can have. */
export function tariffRead(ledger: number): Read {
  const known = reads.get(ledger);
  if (known !== undefined) return known;
  const read: Read = { category: "tariff", ledger, streamId: makeLedgerId(0, ledger, NOTHING) };
  reads.set(ledger, read);
  return read;
}

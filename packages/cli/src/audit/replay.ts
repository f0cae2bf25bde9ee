import type { Account, Envelope } from "@countinghouse/contracts";
import { type CurrencyTotal, type Finding, LedgerFold } from "@countinghouse/verifier";

/** The accounts of a ledger as they were at a moment, and what is wrong with its events. */
export interface Replayed {
  readonly events: number;
  readonly accounts: readonly Account[];
  readonly totals: readonly CurrencyTotal[];
  readonly findings: readonly Finding[];
}

/** Folds the log from its beginning up to and with a moment. */
export async function replay(
  events: AsyncIterable<Envelope>,
  at: Date,
  onProgress: (events: number) => void,
): Promise<Replayed> {
  const findings: Finding[] = [];
  const fold = new LedgerFold((finding) => findings.push(finding));
  let count = 0;
  for await (const event of events) {
    if (new Date(event.recordedAt) > at) break;
    fold.apply(event);
    count += 1;
    onProgress(count);
  }
  fold.finish();
  return { events: count, accounts: [...fold.accounts()], totals: fold.totals(), findings };
}

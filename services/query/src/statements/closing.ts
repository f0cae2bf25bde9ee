import type { LogReader } from "../log-reader.ts";
import type { AccountRow } from "../projections/accounts/queries.ts";

/** How long after its end a month may still get an event that was being written then. */
const SETTLING_MS = 60_000;

/**
 * Whether a month that ends at `end` has in the read tables all that it will ever have. They may be
 * behind, so the log is asked where the account has nothing later. Throws a 503 when the log is out
 * of reach: what is said to be closed has to stay so.
 */
export async function isClosed(
  log: Pick<LogReader, "readStream">,
  { account_id, ledger, position, updated_at }: AccountRow,
  end: Date,
  now: Date,
): Promise<boolean> {
  // The events of an account are in the order of their times.
  if (updated_at >= end) return true;
  if (now.valueOf() < end.valueOf() + SETTLING_MS) return false;
  const [next] = await log.readStream(ledger, account_id, Number(position));
  return next === undefined || new Date(next.recordedAt) >= end;
}

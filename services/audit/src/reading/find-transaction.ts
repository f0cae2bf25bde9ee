import type { Envelope } from "@countinghouse/contracts";
import { TILE_WIDTH } from "@countinghouse/transparency";
import type { LogReader } from "../log-reader.ts";
import type { Sealer } from "../sealing/sealer.ts";
import type { TreeStore } from "../store/tree-store.ts";

/** How far the clock that an id is made by and that of the log may be apart. */
const CLOCKS_APART_MS = 60_000;
/** A command may wait this long between getting its ids and being recorded. */
const WAITING_MS = 600_000;

interface Deps {
  readonly log: LogReader;
  readonly store: Pick<TreeStore, "entries">;
}

/**
 * The event of a transaction in an account's stream. Its id says when it was made (RFC 9562, the
 * first 48 bits), and the log is in the order of time, so only the stream's events around that time
 * are looked at.
 */
export async function findTransaction(
  { log, store }: Deps,
  sealer: Sealer,
  accountId: string,
  transactionId: string,
): Promise<Envelope | undefined> {
  const madeAtMs = Number.parseInt(transactionId.replaceAll("-", "").slice(0, 12), 16);
  const after = await lastBefore(store, sealer, madeAtMs - CLOCKS_APART_MS);
  for await (const { event } of log.stream(sealer.ledger, accountId, after)) {
    const { transactionId: found } = event.data as { transactionId?: string };
    if (found === transactionId) return event;
    if (Date.parse(event.recordedAt) > madeAtMs + WAITING_MS) return undefined;
  }
  return undefined;
}

/** A position before which everything was recorded before a moment: that of a bundle's begin. */
async function lastBefore(
  store: Pick<TreeStore, "entries">,
  { ledger, edge }: Sealer,
  momentMs: number,
): Promise<number> {
  let [low, high] = [0, Math.floor(edge.size / TILE_WIDTH)];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    const [first] = await store.entries(ledger, middle, 1);
    const isBefore = first !== undefined && recordedAtMs(first) < momentMs;
    if (isBefore) low = middle;
    else high = middle - 1;
  }
  return low * TILE_WIDTH;
}

function recordedAtMs(entry: Buffer): number {
  return Date.parse((JSON.parse(entry.toString()) as Envelope).recordedAt);
}

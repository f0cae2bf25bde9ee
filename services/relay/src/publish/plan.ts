/**
 * A partition behind the others by no more than this is waited for, so that all go on together;
 * one further behind catches up beside them.
 */
const LAG_SMALL = 20_000;

/** A piece of a ledger to read next, and the partitions to read it for. */
export interface Page {
  readonly ledger: number;
  /** Exclusive. */
  readonly after: number;
  /** Inclusive. */
  readonly upTo: number;
  readonly partitions: ReadonlySet<number>;
}

/** "full" when what could be read next is for partitions that have enough to send. */
export type Plan = Page | "full" | undefined;

export interface Situation {
  readonly ledger: number;
  /** The last position of the ledger. */
  readonly head: number;
  /** How many positions a page has at most. */
  readonly most: number;
  /** How far the ledger has been read for each partition. */
  readonly places: readonly number[];
  /** Whether a partition has enough to send. */
  isFull(partition: number): boolean;
  /** Partitions that get nothing sent: they are left behind when they are full. */
  readonly stuck: ReadonlySet<number>;
  /** Who goes first where one reads on and another catches up. */
  readonly turn: "front" | "behind";
}

/**
 * What to read next. Most partitions have been read for up to the same position, the front. Those
 * behind it, since they could not send or started there, are read for again, without holding the
 * others up for long.
 */
export function planOf(situation: Situation): Plan {
  const { head, places, turn } = situation;
  const front = Math.max(...places);
  const lagOf = (partition: number) => front - (places[partition] ?? 0);
  const all = [...places.keys()];
  const behind = all.filter((partition) => lagOf(partition) > 0 && !situation.isFull(partition));
  const lag = Math.max(0, ...behind.map(lagOf));
  const isFirst = turn === "behind" || lag <= LAG_SMALL;
  if (lag > 0 && isFirst) return page(situation, behind, front - lag, front);
  if (head > front) {
    const near = all.filter((partition) => lagOf(partition) <= LAG_SMALL);
    const ready = near.filter((p) => lagOf(p) === 0 && !situation.isFull(p));
    const isWaiting = near.some((p) => situation.isFull(p) && !situation.stuck.has(p));
    if (ready.length > 0 && !isWaiting) return page(situation, ready, front, head);
  }
  if (lag > 0) return page(situation, behind, front - lag, front);
  return head > front ? "full" : undefined;
}

function page(
  { ledger, most, places }: Situation,
  partitions: readonly number[],
  after: number,
  end: number,
): Page {
  const upTo = Math.min(end, after + most);
  const reached = partitions.filter((partition) => (places[partition] ?? 0) < upTo);
  return { ledger, after, upTo, partitions: new Set(reached) };
}

import type { Cursor } from "./cursors.ts";

/** A position for each partition of each ledger, 0 where none was stored. They only grow. */
export interface Positions {
  at(ledger: number, partition: number): number;
  raise(ledger: number, partition: number, position: number): void;
  /** Those of all partitions of a ledger. */
  of(ledger: number): readonly number[];
  ledgers(): Iterable<number>;
  /** Those that are larger than the others. */
  beyond(others: Positions): Cursor[];
}

export function createPositions(partitions: number, stored: readonly Cursor[]): Positions {
  const byLedger = new Map<number, number[]>();
  const of = (ledger: number) => {
    let positions = byLedger.get(ledger);
    if (positions === undefined) {
      positions = Array<number>(partitions).fill(0);
      byLedger.set(ledger, positions);
    }
    return positions;
  };
  for (const { ledger, partition, position } of stored) of(ledger)[partition] = position;
  return {
    at: (ledger, partition) => of(ledger)[partition] ?? 0,
    raise(ledger, partition, position) {
      const positions = of(ledger);
      positions[partition] = Math.max(positions[partition] ?? 0, position);
    },
    of,
    ledgers: () => byLedger.keys(),
    beyond(others) {
      return [...byLedger].flatMap(([ledger, positions]) => {
        return positions
          .map((position, partition) => ({ ledger, partition, position }))
          .filter(({ partition, position }) => position > others.at(ledger, partition));
      });
    },
  };
}

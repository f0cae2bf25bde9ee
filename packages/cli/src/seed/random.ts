/** Choices that follow from a seed: the same ones in the same order, whenever it runs. */
export interface Choices {
  /** From 0, below 1. */
  next(): number;
  /** Whole, both ends included. */
  between(least: number, most: number): number;
  chance(part: number): boolean;
  pick<T>(list: readonly T[]): T;
}

/** Mulberry32: 32 bits of state, which is enough for what people buy. */
export function createChoices(seed: number): Choices {
  let state = seed;
  const next = () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const between = (least: number, most: number) => {
    return least + Math.floor(next() * (most - least + 1));
  };
  return {
    next,
    between,
    chance: (part) => next() < part,
    pick: (list) => {
      const picked = list[between(0, list.length - 1)];
      if (picked === undefined) throw new RangeError("nothing to pick from");
      return picked;
    },
  };
}

/** Lets a few through at once and a few wait; whoever comes when the queue is full is refused. */
export interface Turnstile {
  /** Runs `work` when its turn comes. Throws what `refusal` makes when too many are waiting. */
  pass<T>(work: () => Promise<T>): Promise<T>;
}

export interface TurnstileLimits {
  readonly atOnce: number;
  readonly waitingMax: number;
  readonly refusal: () => Error;
}

export function createTurnstile({ atOnce, waitingMax, refusal }: TurnstileLimits): Turnstile {
  const waiting: (() => void)[] = [];
  let inside = 0;

  async function enter(): Promise<void> {
    if (inside < atOnce) {
      inside += 1;
      return;
    }
    if (waiting.length >= waitingMax) throw refusal();
    // Whoever leaves hands its place over, so `inside` stays as it is.
    await new Promise<void>((resolve) => waiting.push(resolve));
  }

  function leave(): void {
    const next = waiting.shift();
    if (next === undefined) inside -= 1;
    else next();
  }

  return {
    async pass(work) {
      await enter();
      try {
        return await work();
      } finally {
        leave();
      }
    },
  };
}

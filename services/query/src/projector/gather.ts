/** Events applied in one transaction at most, where they are of several batches. */
const EVENTS_MAX = 2_000;

interface Waiting<Batch> {
  readonly batch: Batch;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Takes batches of different sources, of each one after another, and applies those that wait
 * together: a transaction costs as much for one as for twelve. While one runs the next gather. What
 * `applyAll` throws when there are several is no batch's own: each is then applied alone.
 */
export function gathering<Batch extends { readonly events: readonly unknown[] }>(
  applyAll: (batches: readonly Batch[]) => Promise<void>,
  isOfOne: (error: unknown) => boolean,
): (batch: Batch) => Promise<void> {
  let waiting: Waiting<Batch>[] = [];
  let isRunning = false;

  async function run(): Promise<void> {
    for (let some = take(); some.length > 0; some = take()) await settle(some);
    isRunning = false;
  }

  /** At least one, and no more than fit. */
  function take(): Waiting<Batch>[] {
    let events = 0;
    const fitting = waiting.findIndex(({ batch }, i) => {
      events += batch.events.length;
      return i > 0 && events > EVENTS_MAX;
    });
    const count = fitting < 0 ? waiting.length : fitting;
    const taken = waiting.slice(0, count);
    waiting = waiting.slice(count);
    return taken;
  }

  async function settle(some: readonly Waiting<Batch>[]): Promise<void> {
    try {
      await applyAll(some.map(({ batch }) => batch));
      for (const { resolve } of some) resolve();
    } catch (error) {
      if (some.length > 1 && isOfOne(error)) for (const one of some) await settle([one]);
      else for (const { reject } of some) reject(error);
    }
  }

  return (batch) => {
    return new Promise((resolve, reject) => {
      waiting.push({ batch, resolve, reject });
      if (isRunning) return;
      isRunning = true;
      // What comes in the same turn of the event loop goes along.
      setImmediate(run);
    });
  };
}

/** Waits for changes to be known everywhere. */
export interface Receipts {
  /** Resolves once all who are asked have done, or after `withinMs`. */
  settled(id: string, withinMs: number): Promise<void>;
  /** A change that is waited for here, or will be. */
  expect(id: string): void;
  /** The change has come back, so it is committed; these processes have to take note. */
  heard(id: string, processes: readonly string[]): void;
  done(id: string, process: string): void;
  /** A process has ended; nobody waits for it any more. */
  gone(process: string): void;
}

interface Waiting {
  readonly settled: PromiseWithResolvers<void>;
  /** Undefined until the change has come back. */
  processes: Set<string> | undefined;
}

export function createReceipts(): Receipts {
  const all = new Map<string, Waiting>();

  function without(id: string, process: string): void {
    const waiting = all.get(id);
    if (waiting?.processes === undefined) return;
    waiting.processes.delete(process);
    if (waiting.processes.size === 0) waiting.settled.resolve();
  }

  return {
    expect(id) {
      all.set(id, { settled: Promise.withResolvers(), processes: undefined });
    },
    heard(id, processes) {
      const waiting = all.get(id);
      if (waiting === undefined) return;
      waiting.processes = new Set(processes);
      if (processes.length === 0) waiting.settled.resolve();
    },
    done: without,
    gone(process) {
      for (const id of [...all.keys()]) without(id, process);
    },
    async settled(id, withinMs) {
      const settled = all.get(id)?.settled;
      if (settled === undefined) return;
      const timer = setTimeout(settled.resolve, withinMs);
      await settled.promise;
      clearTimeout(timer);
      all.delete(id);
    },
  };
}

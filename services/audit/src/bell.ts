/** Wakes all who wait for it. A ring that nobody waits for is lost: look first, then wait. */
export interface Bell {
  ring(): void;
  /** Resolves at the next ring, or after so many milliseconds. */
  rung(withinMs?: number): Promise<void>;
}

export function createBell(): Bell {
  let next = Promise.withResolvers<void>();
  return {
    ring() {
      next.resolve();
      next = Promise.withResolvers<void>();
    },
    rung(withinMs) {
      if (withinMs === undefined) return next.promise;
      const { promise, resolve } = Promise.withResolvers<void>();
      const timer = setTimeout(resolve, withinMs);
      next.promise.then(resolve);
      return promise.finally(() => clearTimeout(timer));
    },
  };
}

/** What has been started, to be ended the other way round. */
export interface Teardown {
  add(end: () => unknown): void;
  /**
   * Ends everything once; what fails to end keeps nothing else from it. Throws the first failure.
   */
  run(): Promise<void>;
}

export function createTeardown(): Teardown {
  const ends: (() => unknown)[] = [];
  return {
    add: (end) => void ends.push(end),
    async run() {
      const failures: unknown[] = [];
      for (const end of ends.splice(0).toReversed()) {
        try {
          await end();
        } catch (error) {
          failures.push(error);
        }
      }
      if (failures.length > 0) throw failures[0];
    },
  };
}

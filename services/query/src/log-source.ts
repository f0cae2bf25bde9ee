const PREFIX = "log:";

/** The names that the bus gives the sources of the log over HTTP: one a ledger. */
export const LOG_SOURCE = {
  of: (ledger: number) => `${PREFIX}${ledger}`,
  ledgerOf(source: string): number | undefined {
    return source.startsWith(PREFIX) ? Number(source.slice(PREFIX.length)) : undefined;
  },
} as const;

/** The name that the bus gives a ledger's log over HTTP as a source. */
export function logSourceOf(ledger: number): string {
  return `log:${ledger}`;
}

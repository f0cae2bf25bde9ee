import type { Envelope } from "@countinghouse/contracts";
import type { EventRange, ServiceClient } from "@countinghouse/service-kit";

/** How many events one read brings. */
const READ_LIMIT = 1_000;
const READ_TIMEOUT_MS = 10_000;

/** The log, where a single stream of it is needed. */
export interface LogReader {
  /**
   * The next events of a stream after a position, at most some; none when it has no more. Throws a
   * 503 when the log is out of reach.
   */
  readStream(ledger: number, streamId: string, after: number): Promise<Envelope[]>;
  /** The events from a position on, so many. Throws a 503 when the log is out of reach. */
  readRange(range: EventRange): Promise<Envelope[]>;
}

export function createLogReader(relay: ServiceClient): LogReader {
  const read = async (query: { ledger: number; after: number; limit: number; stream?: string }) => {
    const signal = AbortSignal.timeout(READ_TIMEOUT_MS);
    const response = await relay.open("readLogInside", { query, signal });
    const lines = (await response.text()).split("\n").filter((line) => line !== "");
    return lines.map((line) => JSON.parse(line) as Envelope);
  };
  return {
    readStream: (ledger, stream, after) => read({ ledger, after, stream, limit: READ_LIMIT }),
    readRange: ({ ledger, first, count }) => read({ ledger, after: first - 1, limit: count }),
  };
}

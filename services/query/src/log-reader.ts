import type { Envelope } from "@countinghouse/contracts";
import type { ServiceClient } from "@countinghouse/service-kit";

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
}

export function createLogReader(relay: ServiceClient): LogReader {
  return {
    async readStream(ledger, stream, after) {
      const query = { ledger, after, stream, limit: READ_LIMIT };
      const signal = AbortSignal.timeout(READ_TIMEOUT_MS);
      const response = await relay.open("readLogInside", { query, signal });
      const lines = (await response.text()).split("\n").filter((line) => line !== "");
      return lines.map((line) => JSON.parse(line) as Envelope);
    },
  };
}

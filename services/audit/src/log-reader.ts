import type { Envelope } from "@countinghouse/contracts";
import type { ServiceClient } from "@countinghouse/service-kit";

/** How many events one read brings. */
const PAGE_EVENTS = 1_000;
const READ_TIMEOUT_MS = 10_000;

/** An event, and its line in the log as it is. */
export interface LogLine {
  readonly event: Envelope;
  readonly line: string;
}

/** The log, where a part of it is needed. */
export interface LogReader {
  /**
   * The events of a stream after a position, page by page as they are asked for. Throws a 503 when
   * the log is out of reach. `pageEvents` sizes the reads.
   */
  stream(
    ledger: number,
    streamId: string,
    after: number,
    pageEvents?: number,
  ): AsyncGenerator<LogLine>;
  /**
   * So many events after a position; undefined for a line that is none. Throws a 503 when the log
   * is out of reach.
   */
  range(ledger: number, after: number, limit: number): Promise<(Envelope | undefined)[]>;
}

export function createLogReader(relay: Pick<ServiceClient, "open">): LogReader {
  async function read(query: { ledger: number; after: number; limit: number; stream?: string }) {
    const signal = AbortSignal.timeout(READ_TIMEOUT_MS);
    const response = await relay.open("readLogInside", { query, signal });
    return (await response.text()).split("\n").filter((line) => line !== "");
  }
  return {
    async *stream(ledger, stream, after, limit = PAGE_EVENTS) {
      for (let position = after; ; ) {
        const lines = await read({ ledger, after: position, stream, limit });
        const page = lines.map((line) => ({ line, event: JSON.parse(line) as Envelope }));
        yield* page;
        const last = page.at(-1);
        if (last === undefined || page.length < limit) return;
        position = last.event.position;
      }
    },
    range: async (ledger, after, limit) => (await read({ ledger, after, limit })).map(eventOf),
  };
}

function eventOf(line: string): Envelope | undefined {
  try {
    return JSON.parse(line) as Envelope;
  } catch {
    return undefined;
  }
}

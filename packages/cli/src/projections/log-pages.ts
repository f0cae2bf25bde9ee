import type { Envelope } from "@countinghouse/contracts";
import { type BareEvent, createLogReader, readBareEvents } from "@countinghouse/event-store";
import type { EventRange } from "@countinghouse/service-kit";
import type pg from "pg";

/** Events of one stream read at once. */
const STREAM_EVENTS = 1_000;

/** The log as tools that read all of it want it, straight from its database. */
export interface LogPages {
  heads(): Promise<{ ledger: number; position: number }[]>;
  page(slice: {
    readonly ledger: number;
    readonly after: number;
    readonly upTo: number;
    readonly limit: number;
  }): Promise<BareEvent[]>;
  readStream(ledger: number, streamId: string, after: number): Promise<Envelope[]>;
  readRange(range: EventRange): Promise<Envelope[]>;
}

/** `pool` is of a role that may read the log. */
export function logPagesOf(pool: pg.Pool): LogPages {
  const reader = createLogReader(pool);
  return {
    heads: () => reader.heads(),
    page({ ledger, after, upTo, limit }) {
      return readBareEvents(pool, { ledger, after, upTo: Math.min(upTo, after + limit) });
    },
    readStream: (ledger, stream, after) => {
      return reader.read({ ledger, stream, after, limit: STREAM_EVENTS });
    },
    readRange: ({ ledger, first, count }) => {
      return reader.read({ ledger, after: first - 1, limit: count });
    },
  };
}
